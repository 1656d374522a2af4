-- 核查处置: what the department of each side does about a nonconforming sample. Its own region, for the producer's may be another
-- than that of the sampling place. `record` holds cause, measures, recall, penalties, extension and closing; who did which step
-- stands in custody.
CREATE TABLE disposal (
    city integer NOT NULL,
    sample_id blob NOT NULL,
    side text NOT NULL CHECK (side IN ('producer', 'seller', 'caterer')),
    state text NOT NULL CHECK (state IN ('open', 'closed', 'withdrawn')),
    region integer NOT NULL,
    name text NOT NULL,
    since integer NOT NULL,
    extended_until text,
    record text NOT NULL,
    withdrawn_why text,
    revision integer NOT NULL,
    PRIMARY KEY (city, sample_id, side),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
) STRICT;
CREATE INDEX disposal_by_state ON disposal (state, since, sample_id, side, region);
