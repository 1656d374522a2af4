//! Registration: the sampling form and its rules, custody and life cycle, plan and targets. Pure.
