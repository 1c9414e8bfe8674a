"""Over how many bars a signal is judged: said once for the judge, the picture and the command."""

HORIZONS = (1, 2, 3, 5, 10, 20, 40, 60)
# A correlation across fewer symbols orders nothing.
MIN_NAMES = 3
