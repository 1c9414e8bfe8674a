"""What the made-up markets charge and demand: the rulers of the last release, which no patch reaches.

A module's TOML has to say the same; where it does not, its oracles break. Changing a ruler is a person's change here
and in the TOML together.
"""

# The research account pays one all-in share of each fill's value, and nothing else.
FEE_BPS = 10.0
INITIAL_CASH_USD = 1_000_000.0
FILL_ON = "open"
BARS_PER_YEAR = 252.0
# What the parts would be, each by itself.
HALF_SPREAD_BPS = 2.0
IMPACT_COEFFICIENT, IMPACT_BARS = 0.5, 20
BORROW_RATE = 0.01
# Paper's broker takes half of the research account's fee, which has the spread in it.
COMMISSION_BPS = 5.0
# OUCH 4.2 carries fewer than 1,000,000 shares an order.
CHILD_QTY = 999_999
ADV_SHARE, ADV_BARS = 0.05, 20
LOT_SIZE = 1.0
# A bar that is missing may be filled from one that is at most so many sessions old.
MAX_AGE_BARS = 5
# A lone bar of a calm market that is off by so much is wrong.
OUTLIER = 0.5
CONFIDENCE, BLOCK_BARS = 0.95, 10
# A sweep's accounts pay each part by itself.
SWEEP_CASH_USD, SWEEP_FEE, SWEEP_SPREAD = 1_000_000.0, 10e-4, 1e-4
SWEEP_SLIPPAGE, SWEEP_BORROW_PER_BAR = 0.5e-4, 0.1e-4
# How many trials are judged together.
HALVED_BLOCKS, FOLDS, JUDGED_FOLDS, SUPERIOR_LEVEL = 16, 10, 2, 0.05
