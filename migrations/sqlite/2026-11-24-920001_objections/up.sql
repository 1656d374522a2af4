-- 异议: what was said against the sampling or the result, by whom, and what became of it. The named producer's denial that they made
-- the food is one of them.
CREATE TABLE objection (
    city integer NOT NULL,
    sample_id blob NOT NULL,
    seq integer NOT NULL,
    subject text NOT NULL CHECK (subject IN ('sampling', 'authenticity', 'method', 'standard')),
    objector text NOT NULL CHECK (objector IN ('sampled_unit', 'producer')),
    raised_at integer NOT NULL,
    reason text NOT NULL,
    evidence text,
    state text NOT NULL CHECK (state IN ('raised', 'refused', 'accepted', 'upheld', 'dismissed', 'withdrawn')),
    ground text,
    accepted_by blob,
    answer text,
    conclusion_revision integer NOT NULL,
    revision integer NOT NULL,
    PRIMARY KEY (city, sample_id, seq),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
) STRICT;
