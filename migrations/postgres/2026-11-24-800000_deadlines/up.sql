-- 期限规则: how long a step may take, by act and clause, for samples taken within its validity. Stages are space-separated codes. A
-- rule is ended and followed by another, never edited.
CREATE TABLE deadline_rule (
    code text COLLATE "C" NOT NULL,
    clock text COLLATE "C" NOT NULL,
    amount integer NOT NULL CHECK (amount > 0),
    unit text COLLATE "C" NOT NULL CHECK (unit IN ('hours', 'days', 'working_days', 'months')),
    rolls boolean NOT NULL,
    extension integer NOT NULL CHECK (extension >= 0),
    stages text COLLATE "C" NOT NULL,
    regime text COLLATE "C" NOT NULL,
    department text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    clause text COLLATE "C" NOT NULL,
    confidence text COLLATE "C" NOT NULL CHECK (confidence IN ('read', 'high', 'medium', 'low')),
    revision bigint NOT NULL,
    PRIMARY KEY (code)
);

-- What has not reached its laboratory, and what has no report yet, by when its clock began: under one rule that is the order in
-- which they are due. Each holds a few in a hundred of all samples.
CREATE INDEX sample_undelivered ON sample (sampled_at, id, city, stage, lab_id) WHERE status IN ('registered', 'sealed', 'handed_over');
CREATE INDEX sample_unreported ON sample (received_at, id, city, stage, lab_id, sampled_at) WHERE status IN ('received', 'testing', 'entered', 'checked');
