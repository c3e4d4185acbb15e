"""Options of a report: schemes, the comparison with bases, the programme, and regret."""
