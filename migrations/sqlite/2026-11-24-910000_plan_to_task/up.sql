-- 配额: a cell of a plan with how much is wanted in it; a part of another cell, or the plan's own. `cell` is what it is of in one
-- text, so that none is made twice. Few beside the samples that fulfil them: they are read everywhere, as the plan is.
CREATE TABLE quota (
    id blob NOT NULL,
    plan_id blob NOT NULL REFERENCES plan (id),
    parent_id blob REFERENCES quota (id),
    cell text NOT NULL,
    stage text NOT NULL CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    task_type text NOT NULL CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency')),
    campaign text,
    region integer NOT NULL,
    food_class text,
    panel text NOT NULL,
    samples integer NOT NULL CHECK (samples > 0),
    producers integer,
    note text,
    revision integer NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (plan_id, cell)
) STRICT;
CREATE INDEX quota_by_parent ON quota (parent_id);

-- 任务: what of a cell an organisation takes for a laboratory. What it is of is the cell's, narrowed, and does not change.
CREATE TABLE task (
    city integer NOT NULL,
    id blob NOT NULL,
    quota_id blob NOT NULL REFERENCES quota (id),
    plan_id blob NOT NULL REFERENCES plan (id),
    title text NOT NULL,
    stage text NOT NULL CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    task_type text NOT NULL CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency')),
    campaign text,
    region integer NOT NULL,
    food_class text,
    panel text NOT NULL,
    samples integer NOT NULL CHECK (samples > 0),
    producers integer,
    inspecting_org_id blob NOT NULL,
    lab_id blob NOT NULL,
    starts_on text NOT NULL,
    ends_on text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'cancelled')),
    note text,
    cancelled_why text,
    created_by blob NOT NULL,
    created_at integer NOT NULL,
    revision integer NOT NULL,
    PRIMARY KEY (city, id)
) STRICT;
CREATE INDEX task_by_org ON task (inspecting_org_id, id);
CREATE INDEX task_by_lab ON task (lab_id, id);
CREATE INDEX task_by_region ON task (region, id);
CREATE INDEX task_by_quota ON task (quota_id);
CREATE INDEX task_by_plan ON task (plan_id, id);

-- 未抽到样品: visits of a task that yielded no sample. Append-only.
CREATE TABLE task_outcome (
    city integer NOT NULL,
    task_id blob NOT NULL,
    id blob NOT NULL,
    kind text NOT NULL CHECK (kind IN ('refused', 'nothing_to_take', 'closed')),
    at integer NOT NULL,
    region integer NOT NULL,
    place text NOT NULL,
    unit text NOT NULL,
    evidence text NOT NULL,
    person_id blob NOT NULL,
    recorded_at integer NOT NULL,
    PRIMARY KEY (city, task_id, id),
    FOREIGN KEY (city, task_id) REFERENCES task (city, id)
) STRICT;

-- The task that a sample was taken for, of its own city: it is checked when the form is, and tasks never go.
ALTER TABLE sample ADD COLUMN task_id blob;
-- Everything that coverage counts, so that the samples themselves are not read.
CREATE INDEX sample_by_task ON sample (city, task_id, status, sampled_at) WHERE task_id IS NOT NULL;
