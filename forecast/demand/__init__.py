"""EHC plans: the stored fit, the cohort walked forward, and where plan holders are taught."""
