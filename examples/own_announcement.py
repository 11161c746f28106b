# %% [markdown]
# # An announcement and prices of your own
# The announcement needs a date, better a clock time; the prices may be any file. Here they are a slice of the embedded
# ones, written to a CSV first, so that the script runs anywhere. Before November 2016 the symbol AA meant Alcoa Inc.,
# another company than today's: its id is AA-OLD.

# %%
import eventstudy as es

frame = es.load("embedded").frame.loc["1992":"1995", ["AA", "BA", "DOW29"]]
frame.rename(columns={"AA": "AA-OLD"}).to_csv("my prices.csv")

# %%
prices = es.load("files", "my prices.csv")
event = es.make_event("1994-11-08", time="14:15", title="An announcement of my own")

# %% [markdown]
# Two instruments, one date: the statistics across pairs exist, but `n_dates` says that it is one event.

# %%
study = es.Study(instruments=["AA-OLD", "BA"], model=es.MarketModel("DOW29"), seed=1)
result = study.run(prices, event)
for verdict in es.judge(result):
    print(verdict.sentence)

# %%
pooled = [t for t in result.tests.where(window=result.primary) if t.instrument is None]
for test in pooled:
    print(f"{test.statistic:20} p = {test.pvalue:.3f}  pairs {test.n_pairs}, dates {test.n_dates}")

# %% [markdown]
# What could not be used says why: nothing is dropped in silence.

# %%
late = study.run(prices, es.make_event("1999-08-11", title="After the data end"))
for outcome in late.outcomes:
    print(outcome.instrument, outcome.outcome, outcome.detail)
