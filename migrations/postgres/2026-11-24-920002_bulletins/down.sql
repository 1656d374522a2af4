DROP TABLE bulletin_entry;
DROP TABLE bulletin;
