DROP TABLE disposal;
