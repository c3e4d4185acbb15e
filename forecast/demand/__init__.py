"""Forecasts of EHC plans by age and need, from the stored fit, and of the provision in which plan holders are taught."""
