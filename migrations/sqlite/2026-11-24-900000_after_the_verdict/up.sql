-- 送达: whom a result was told, how, when, and by what proof.
CREATE TABLE service (
    city integer NOT NULL,
    sample_id blob NOT NULL,
    seq integer NOT NULL,
    addressee text NOT NULL CHECK (addressee IN ('sampled_unit', 'producer', 'market_operator', 'platform')),
    name text NOT NULL,
    method text NOT NULL CHECK (method IN ('direct', 'left_behind', 'entrusted', 'post', 'electronic', 'public_notice')),
    served_at integer NOT NULL,
    proof text,
    rights_told integer NOT NULL CHECK (rights_told IN (0, 1)),
    recorded_by blob NOT NULL,
    recorded_at integer NOT NULL,
    PRIMARY KEY (city, sample_id, seq),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
) STRICT;

-- 复检: an application for a re-inspection and what became of it. Who did which step stands in custody.
CREATE TABLE reinspection (
    city integer NOT NULL,
    sample_id blob NOT NULL,
    seq integer NOT NULL,
    state text NOT NULL CHECK (state IN ('applied', 'refused', 'accepted', 'body_named', 'backup_handed_over', 'upheld', 'overturned', 'withdrawn')),
    applicant text NOT NULL CHECK (applicant IN ('sampled_unit', 'producer')),
    applied_at integer NOT NULL,
    items text NOT NULL,
    ground text,
    body_id blob,
    report text,
    conclusion_revision integer NOT NULL,
    revision integer NOT NULL,
    PRIMARY KEY (city, sample_id, seq),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
) STRICT;
-- What a department, a first laboratory or a body has to go on with; a few in a thousand of all samples.
CREATE INDEX reinspection_open ON reinspection (applied_at, city, sample_id, seq) WHERE state IN ('applied', 'accepted', 'body_named', 'backup_handed_over');
CREATE INDEX reinspection_of_body ON reinspection (body_id, applied_at) WHERE body_id IS NOT NULL;

-- What a body found of an item: it holds in place of the first result, which stays as it is.
CREATE TABLE reinspection_item (
    city integer NOT NULL,
    sample_id blob NOT NULL,
    seq integer NOT NULL,
    analyte text NOT NULL,
    reported text NOT NULL,
    unit text,
    lod text,
    method text,
    verdict text NOT NULL,
    reason text NOT NULL,
    judgement text NOT NULL,
    PRIMARY KEY (city, sample_id, seq, analyte),
    FOREIGN KEY (city, sample_id, seq) REFERENCES reinspection (city, sample_id, seq)
) STRICT;
