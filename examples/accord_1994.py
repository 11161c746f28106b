# %% [markdown]
# # The one truly historic global aluminum deal
# On the weekend of 29/30 January 1994 six governments, Canada among them, agreed to cut aluminium output.
# What did Alcoa do on Monday? The prices come with the package: no network is needed.

# %%
import eventstudy as es

prices = es.load("embedded")
event = es.catalog()["six-nation-accord-1994"]
print(event.title, "|", event.when)

# %% [markdown]
# The primary window is named before any result; the other windows are there to look at, not to choose from.

# %%
study = es.Study(
    instruments=["AA"],
    model=es.MarketModel(market="DOW29"),
    window=es.EventWindow(primary=(0, 1), event=(-5, 10), estimation=(-260, -11)),
    volatility=es.GarchResponse("gjr", dist="t"),
)
result = study.run(prices, event)
print(result.summary())

# %% [markdown]
# Tidy frames for your own tables: returns are fractions.

# %%
frame = result.tests.where(window=result.primary, event=event.id).to_frame()
print(frame[["statistic", "estimate", "low", "high", "p", "smallest_p", "reason"]].to_string(index=False))

# %% [markdown]
# The page, with pictures.

# %%
result.report("accord.html")
