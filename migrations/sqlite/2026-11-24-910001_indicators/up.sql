-- What a plan names besides its targets, with clause and words: campaigns that take samples, inspections of premises and people, and
-- counts to reach. Never changed.
CREATE TABLE indicator (
    plan_id blob NOT NULL REFERENCES plan (id),
    code text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('sampling', 'inspection', 'count')),
    title text NOT NULL,
    stage text CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    food_classes text NOT NULL,
    panel text NOT NULL,
    region_types text NOT NULL,
    wanted integer CHECK (wanted > 0),
    clause text NOT NULL,
    words text NOT NULL,
    PRIMARY KEY (plan_id, code)
) STRICT;

-- What shows that one more is done: a market that was renewed, a cold-dish room that was looked at. `fault` says of an inspection
-- whether something was found. Append-only: what was recorded wrongly is withdrawn by another row.
CREATE TABLE indicator_evidence (
    city integer NOT NULL,
    id blob NOT NULL,
    plan_id blob NOT NULL,
    code text NOT NULL,
    region integer NOT NULL,
    subject text NOT NULL,
    done_on text NOT NULL,
    fault integer CHECK (fault IN (0, 1)),
    evidence text NOT NULL,
    withdraws blob,
    person_id blob NOT NULL,
    recorded_at integer NOT NULL,
    PRIMARY KEY (city, id),
    FOREIGN KEY (plan_id, code) REFERENCES indicator (plan_id, code)
) STRICT;
CREATE INDEX evidence_by_indicator ON indicator_evidence (plan_id, code, id);
