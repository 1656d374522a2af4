//! Aggregation: what counts, cells, rates, intervals, exact tests, weights. Pure.
