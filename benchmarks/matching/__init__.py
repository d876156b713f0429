"""The same people in two tables, found by Treadle and by Splink: what is drawn, what both are asked, each at work."""
