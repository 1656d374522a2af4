-- 期限规则: how long a step may take, by act and clause, for samples taken within its validity. Stages are space-separated codes. A
-- rule is ended and followed by another, never edited.
CREATE TABLE deadline_rule (
    code TEXT NOT NULL,
    clock TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    unit TEXT NOT NULL CHECK (unit IN ('hours', 'days', 'working_days', 'months')),
    rolls INTEGER NOT NULL CHECK (rolls IN (0, 1)),
    extension INTEGER NOT NULL CHECK (extension >= 0),
    stages TEXT NOT NULL,
    regime TEXT NOT NULL,
    department TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_until TEXT,
    clause TEXT NOT NULL,
    confidence TEXT NOT NULL CHECK (confidence IN ('read', 'high', 'medium', 'low')),
    revision INTEGER NOT NULL,
    PRIMARY KEY (code)
) STRICT, WITHOUT ROWID;

-- What has not reached its laboratory, and what has no report yet, by when its clock began: under one rule that is the order in
-- which they are due. Each holds a few in a hundred of all samples.
CREATE INDEX sample_undelivered ON sample (sampled_at, id, city, stage, lab_id) WHERE status IN ('registered', 'sealed', 'handed_over');
CREATE INDEX sample_unreported ON sample (received_at, id, city, stage, lab_id, sampled_at) WHERE status IN ('received', 'testing', 'entered', 'checked');
