-- 封条: the numbers that samples were sealed with, so that one which was used before is noticed. One sample may have several.
CREATE TABLE seal (
    city integer NOT NULL,
    sample_id uuid NOT NULL,
    number text COLLATE "C" NOT NULL,
    PRIMARY KEY (city, sample_id, number),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
);
CREATE INDEX seal_by_number ON seal (number);
