"""What the official statistics behind figures are called where a page, a file or a paper names its source."""

from __future__ import annotations

SEN2 = "Department for Education, Education, health and care plans (SEN2), releases of 2022 and of 2025 on"
"""The returns of plans, requests and assessments."""
