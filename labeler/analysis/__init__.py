"""What predictions on the hold-out amount to: tables, curves, comparisons, forecasts. Pure, numpy alone."""
