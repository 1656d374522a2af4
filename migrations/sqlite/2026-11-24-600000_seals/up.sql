-- 封条: the numbers that samples were sealed with, so that one which was used before is noticed. One sample may have several.
CREATE TABLE seal (
    city integer NOT NULL,
    sample_id blob NOT NULL,
    number text NOT NULL,
    PRIMARY KEY (city, sample_id, number),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
) STRICT;
CREATE INDEX seal_by_number ON seal (number);
