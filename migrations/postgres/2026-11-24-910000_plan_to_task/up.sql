-- 配额: a cell of a plan with how much is wanted in it; a part of another cell, or the plan's own. `cell` is what it is of in one
-- text, so that none is made twice. Few beside the samples that fulfil them: they are read everywhere, as the plan is.
CREATE TABLE quota (
    id uuid NOT NULL,
    plan_id uuid NOT NULL REFERENCES plan (id),
    parent_id uuid REFERENCES quota (id),
    cell text COLLATE "C" NOT NULL,
    stage text COLLATE "C" NOT NULL CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    task_type text COLLATE "C" NOT NULL CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency')),
    campaign text COLLATE "C",
    region integer NOT NULL,
    food_class text COLLATE "C",
    panel jsonb NOT NULL,
    samples integer NOT NULL CHECK (samples > 0),
    producers integer,
    note text COLLATE "C",
    revision bigint NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (plan_id, cell)
);
CREATE INDEX quota_by_parent ON quota (parent_id);

-- 任务: what of a cell an organisation takes for a laboratory. What it is of is the cell's, narrowed, and does not change.
CREATE TABLE task (
    city integer NOT NULL,
    id uuid NOT NULL,
    quota_id uuid NOT NULL REFERENCES quota (id),
    plan_id uuid NOT NULL REFERENCES plan (id),
    title text COLLATE "C" NOT NULL,
    stage text COLLATE "C" NOT NULL CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    task_type text COLLATE "C" NOT NULL CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency')),
    campaign text COLLATE "C",
    region integer NOT NULL,
    food_class text COLLATE "C",
    panel jsonb NOT NULL,
    samples integer NOT NULL CHECK (samples > 0),
    producers integer,
    inspecting_org_id uuid NOT NULL,
    lab_id uuid NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'cancelled')),
    note text COLLATE "C",
    cancelled_why text COLLATE "C",
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (city, id)
);
CREATE INDEX task_by_org ON task (inspecting_org_id, id);
CREATE INDEX task_by_lab ON task (lab_id, id);
CREATE INDEX task_by_region ON task (region, id);
CREATE INDEX task_by_quota ON task (quota_id);
CREATE INDEX task_by_plan ON task (plan_id, id);

-- 未抽到样品: visits of a task that yielded no sample. Append-only.
CREATE TABLE task_outcome (
    city integer NOT NULL,
    task_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('refused', 'nothing_to_take', 'closed')),
    at timestamptz NOT NULL,
    region integer NOT NULL,
    place text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    evidence text COLLATE "C" NOT NULL,
    person_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (city, task_id, id),
    FOREIGN KEY (city, task_id) REFERENCES task (city, id)
);

-- The task that a sample was taken for, of its own city: it is checked when the form is, and tasks never go.
ALTER TABLE sample ADD COLUMN task_id uuid;
-- Everything that coverage counts, so that the samples themselves are not read.
CREATE INDEX sample_by_task ON sample (city, task_id, status, sampled_at) WHERE task_id IS NOT NULL;
