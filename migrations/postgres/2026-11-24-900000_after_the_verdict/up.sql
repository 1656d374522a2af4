-- 送达: whom a result was told, how, when, and by what proof.
CREATE TABLE service (
    city integer NOT NULL,
    sample_id uuid NOT NULL,
    seq integer NOT NULL,
    addressee text COLLATE "C" NOT NULL CHECK (addressee IN ('sampled_unit', 'producer', 'market_operator', 'platform')),
    name text COLLATE "C" NOT NULL,
    method text COLLATE "C" NOT NULL CHECK (method IN ('direct', 'left_behind', 'entrusted', 'post', 'electronic', 'public_notice')),
    served_at timestamptz NOT NULL,
    proof text COLLATE "C",
    rights_told boolean NOT NULL,
    recorded_by uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (city, sample_id, seq),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
);

-- 复检: an application for a re-inspection and what became of it. Who did which step stands in custody.
CREATE TABLE reinspection (
    city integer NOT NULL,
    sample_id uuid NOT NULL,
    seq integer NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('applied', 'refused', 'accepted', 'body_named', 'backup_handed_over', 'upheld', 'overturned', 'withdrawn')),
    applicant text COLLATE "C" NOT NULL CHECK (applicant IN ('sampled_unit', 'producer')),
    applied_at timestamptz NOT NULL,
    items jsonb NOT NULL,
    ground text COLLATE "C",
    body_id uuid,
    report jsonb,
    conclusion_revision integer NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (city, sample_id, seq),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
);
-- What a department, a first laboratory or a body has to go on with; a few in a thousand of all samples.
CREATE INDEX reinspection_open ON reinspection (applied_at, city, sample_id, seq) WHERE state IN ('applied', 'accepted', 'body_named', 'backup_handed_over');
CREATE INDEX reinspection_of_body ON reinspection (body_id, applied_at) WHERE body_id IS NOT NULL;

-- What a body found of an item: it holds in place of the first result, which stays as it is.
CREATE TABLE reinspection_item (
    city integer NOT NULL,
    sample_id uuid NOT NULL,
    seq integer NOT NULL,
    analyte text COLLATE "C" NOT NULL,
    reported text COLLATE "C" NOT NULL,
    unit text COLLATE "C",
    lod text COLLATE "C",
    method text COLLATE "C",
    verdict text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    judgement jsonb NOT NULL,
    PRIMARY KEY (city, sample_id, seq, analyte),
    FOREIGN KEY (city, sample_id, seq) REFERENCES reinspection (city, sample_id, seq)
);
