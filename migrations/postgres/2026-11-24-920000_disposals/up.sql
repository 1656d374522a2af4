-- 核查处置: what the department of each side does about a nonconforming sample. Its own region, for the producer's may be another
-- than that of the sampling place. `record` holds cause, measures, recall, penalties, extension and closing; who did which step
-- stands in custody.
CREATE TABLE disposal (
    city integer NOT NULL,
    sample_id uuid NOT NULL,
    side text COLLATE "C" NOT NULL CHECK (side IN ('producer', 'seller', 'caterer')),
    state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'closed', 'withdrawn')),
    region integer NOT NULL,
    name text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL,
    extended_until date,
    record jsonb NOT NULL,
    withdrawn_why text COLLATE "C",
    revision bigint NOT NULL,
    PRIMARY KEY (city, sample_id, side),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
);
CREATE INDEX disposal_by_state ON disposal (state, since, sample_id, side, region);
