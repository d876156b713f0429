"""What work costs: dated price books, the price of a step, and the ledger as a view of the chain."""

from treadle.costs.ledger import CostLine, Costs, costs, runs
from treadle.costs.prices import PriceBook, load_book

__all__ = ["CostLine", "Costs", "PriceBook", "costs", "load_book", "runs"]
