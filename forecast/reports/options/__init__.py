"""Options of a paper: schemes, the comparison with bases, the programme, and regret."""
