DROP TABLE indicator_evidence;
DROP TABLE indicator;
