DROP TABLE reinspection_item;
DROP TABLE reinspection;
DROP TABLE service;
