-- 异议: what was said against the sampling or the result, by whom, and what became of it. The named producer's denial that they made
-- the food is one of them.
CREATE TABLE objection (
    city integer NOT NULL,
    sample_id uuid NOT NULL,
    seq integer NOT NULL,
    subject text COLLATE "C" NOT NULL CHECK (subject IN ('sampling', 'authenticity', 'method', 'standard')),
    objector text COLLATE "C" NOT NULL CHECK (objector IN ('sampled_unit', 'producer')),
    raised_at timestamptz NOT NULL,
    reason text COLLATE "C" NOT NULL,
    evidence text COLLATE "C",
    state text COLLATE "C" NOT NULL CHECK (state IN ('raised', 'refused', 'accepted', 'upheld', 'dismissed', 'withdrawn')),
    ground text COLLATE "C",
    accepted_by uuid,
    answer text COLLATE "C",
    conclusion_revision integer NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (city, sample_id, seq),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
);
