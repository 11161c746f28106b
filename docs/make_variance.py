"""Print what the variance functions say of Rusal 2018 on the LME and on two producers.

python docs/make_variance.py ../shared/data
"""

from __future__ import annotations

import sys
from pathlib import Path

import eventstudy as es

DAY0 = "2018-04-09"


def main(folder: Path) -> None:
    """Breaks, before and after, event regressors, ranges, spillover."""
    metal = es.load("files", folder / "lme_aluminium.csv")
    returns = metal.to_returns()["LME-3M"].dropna()
    print("breaks:", es.variance_breaks(returns, event=DAY0).summary())
    for test in es.variance_change(returns, event=DAY0):
        print(f"{test.statistic}: ratio {test.estimate:.2f}, p {test.pvalue:.3f}")
    shapes = {
        "pulse 1..20": es.VarianceShape.pulse(1, 20),
        "decay, half-life 20": es.VarianceShape.decay(1, half_life=20.0),
        "step": es.VarianceShape.step(1),
    }
    for name, shape in shapes.items():
        found = es.event_variance_test(returns, event=DAY0, shapes=[shape], kind="gjr", dist="t")
        drawn, lr, wald = found.tests
        print(
            f"{name}: variance x {found.multiplier[0]:.2f} "
            f"[{found.multiplier_low[0]:.2f}, {found.multiplier_high[0]:.2f}], LR p {drawn.pvalue:.3f} by bootstrap "
            f"(at least {drawn.smallest_p:.3f}), {lr.pvalue:.4f} by its law, "
            f"Wald p {wald.pvalue:.4f} {found.reason or found.problem}"
        )
    rusal = es.catalog()["ofac-rusal-2018"]
    for name in ("AA", "CENX", "ALI=F"):
        table = es.load("files", folder / f"{name}.csv")
        ranges = es.range_volatility(table, name, event=rusal)
        if ranges.reason:
            print(f"{name}: refused, {ranges.reason}")
            continue
        row = ranges.to_frame().loc["yang_zhang"]
        print(f"{name}: Yang-Zhang ratio {row['ratio']:.2f}, p {row['p']:.3f}")
        metal = metal.joined(table)
    metal = metal.joined(es.load("files", folder / "USDCAD=X.csv"))
    currency = metal.ids[-1]
    print("targets of the spillover from LME-3M")
    frame = es.spillover(metal, "LME-3M", ["AA", "CENX", currency], event=DAY0).to_frame()
    for (_, target), row in frame.iterrows():
        print(
            f"{target}: correlation {row['before']:.2f} before, {row['during']:.2f} during, {row['after']:.2f} after; "
            f"change p {row['p_correlation_change']:.3f}; metal leads p {row['p_variance_causality']:.3f}, "
            f"follows p {row['p_variance_causality_reverse']:.3f}; {row['reason'] or row['problem']}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
