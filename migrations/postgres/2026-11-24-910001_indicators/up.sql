-- What a plan names besides its targets, with clause and words: campaigns that take samples, inspections of premises and people, and
-- counts to reach. Never changed.
CREATE TABLE indicator (
    plan_id uuid NOT NULL REFERENCES plan (id),
    code text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('sampling', 'inspection', 'count')),
    title text COLLATE "C" NOT NULL,
    stage text COLLATE "C" CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    food_classes jsonb NOT NULL,
    panel jsonb NOT NULL,
    region_types jsonb NOT NULL,
    wanted integer CHECK (wanted > 0),
    clause text COLLATE "C" NOT NULL,
    words text COLLATE "C" NOT NULL,
    PRIMARY KEY (plan_id, code)
);

-- What shows that one more is done: a market that was renewed, a cold-dish room that was looked at. `fault` says of an inspection
-- whether something was found. Append-only: what was recorded wrongly is withdrawn by another row.
CREATE TABLE indicator_evidence (
    city integer NOT NULL,
    id uuid NOT NULL,
    plan_id uuid NOT NULL,
    code text COLLATE "C" NOT NULL,
    region integer NOT NULL,
    subject text COLLATE "C" NOT NULL,
    done_on date NOT NULL,
    fault boolean,
    evidence text COLLATE "C" NOT NULL,
    withdraws uuid,
    person_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (city, id),
    FOREIGN KEY (plan_id, code) REFERENCES indicator (plan_id, code)
);
CREATE INDEX evidence_by_indicator ON indicator_evidence (plan_id, code, id);
