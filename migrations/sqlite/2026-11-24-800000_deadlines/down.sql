DROP INDEX sample_unreported;
DROP INDEX sample_undelivered;
DROP TABLE deadline_rule;
