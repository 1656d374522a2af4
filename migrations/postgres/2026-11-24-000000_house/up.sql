-- What holds for the whole database: which program it belongs to, the demo's clock.
CREATE TABLE setting (
    key text COLLATE "C" NOT NULL,
    value jsonb NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (key)
);

-- 行政区划. Codes change: a code is known for its validity only.
CREATE TABLE region (
    code integer NOT NULL,
    name text COLLATE "C" NOT NULL,
    valid_from date,
    valid_to date,
    PRIMARY KEY (code)
);

-- 机构: departments, inspecting organisations, laboratories.
CREATE TABLE organisation (
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('department', 'inspecting', 'laboratory')),
    name text COLLATE "C" NOT NULL,
    region integer NOT NULL,
    active boolean NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (id)
);

-- 人员 with a login. Roles and stages are space-separated codes; no stage means every stage.
CREATE TABLE person (
    id uuid NOT NULL,
    login text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    password_hash text COLLATE "C" NOT NULL,
    organisation_id uuid NOT NULL REFERENCES organisation (id),
    region integer NOT NULL,
    roles text COLLATE "C" NOT NULL,
    stages text COLLATE "C" NOT NULL,
    active boolean NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (login)
);

-- One login on one device: a family of rotating refresh tokens. Only digests are kept.
CREATE TABLE session (
    id uuid NOT NULL,
    person_id uuid NOT NULL REFERENCES person (id),
    current_hash bytea NOT NULL,
    previous_hash bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (id)
);

-- Every refresh token a session ever gave out, by digest: one that was replaced and comes back ends the session.
CREATE TABLE refresh_token (
    digest bytea NOT NULL,
    session_id uuid NOT NULL REFERENCES session (id),
    given_at timestamptz NOT NULL,
    PRIMARY KEY (digest)
);

-- Keys that sign access tokens.
CREATE TABLE signing_key (
    kid text COLLATE "C" NOT NULL,
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (kid)
);

-- 限量: one row of the catalogue as loaded (its text fields in `row`), or accepted by an administrator.
CREATE TABLE criterion (
    id text COLLATE "C" NOT NULL,
    food_class text COLLATE "C" NOT NULL,
    analyte text COLLATE "C" NOT NULL,
    row jsonb NOT NULL,
    verified boolean NOT NULL,
    accepted_by uuid,
    accepted_at timestamptz,
    revision bigint NOT NULL,
    PRIMARY KEY (id)
);

-- 节假日与调休.
CREATE TABLE calendar_day (
    day date NOT NULL,
    year integer NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('holiday', 'workday')),
    source text COLLATE "C" NOT NULL,
    PRIMARY KEY (day)
);

-- 计划.
CREATE TABLE plan (
    id uuid NOT NULL,
    year integer NOT NULL,
    title text COLLATE "C" NOT NULL,
    demo boolean NOT NULL,
    current boolean NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (id)
);

-- 目标 of a plan's stage, by version: a changed target is a new version, never an edit. `counting` says what counts,
-- `min_n` the fewest samples for a notice, `planned_n` how many countable samples the year is planned to have.
CREATE TABLE target (
    plan_id uuid NOT NULL REFERENCES plan (id),
    stage text COLLATE "C" NOT NULL CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    version integer NOT NULL,
    basis_points integer,
    min_n integer NOT NULL,
    planned_n integer NOT NULL,
    counting jsonb NOT NULL,
    clause text COLLATE "C" NOT NULL,
    valid_from timestamptz NOT NULL,
    PRIMARY KEY (plan_id, stage, version)
);

-- 样品(批次). Columns are what is a key, filtered, counted or encrypted; the rest of the form is `form`.
CREATE TABLE sample (
    city integer NOT NULL,
    id uuid NOT NULL,
    form_no text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('registered', 'sealed', 'handed_over', 'received', 'refused', 'testing', 'entered', 'checked', 'approved', 'voided')),
    standing text COLLATE "C" NOT NULL CHECK (standing IN ('pending', 'refused', 'voided', 'not_judgeable', 'conforming', 'nonconforming', 'risk')),
    stage text COLLATE "C" NOT NULL CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    sector text COLLATE "C" CHECK (sector IN ('agriculture', 'forestry', 'fishery')),
    task_type text COLLATE "C" NOT NULL CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency')),
    sample_kind text COLLATE "C" NOT NULL CHECK (sample_kind IN ('primary_produce', 'industrially_processed', 'catering_made', 'additive', 'food_related_product')),
    region integer NOT NULL,
    food_class text COLLATE "C" NOT NULL,
    product_name text COLLATE "C" NOT NULL,
    sampled_unit text COLLATE "C" NOT NULL,
    producer text COLLATE "C",
    lab_id uuid,
    sampling_org_id uuid NOT NULL,
    sampled_at timestamptz NOT NULL,
    month integer NOT NULL,
    deciding_date date,
    form jsonb NOT NULL,
    personal bytea,
    registered_by uuid NOT NULL,
    registered_at timestamptz NOT NULL,
    received_at timestamptz,
    decided_at timestamptz,
    conclusion_revision integer NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (city, id),
    UNIQUE (city, form_no)
);
CREATE INDEX sample_by_stage ON sample (city, stage, month, standing);
CREATE INDEX sample_by_lab ON sample (lab_id, status, received_at);
CREATE INDEX sample_by_registration ON sample (stage, registered_at);
CREATE INDEX sample_by_month ON sample (stage, month, decided_at);
CREATE INDEX sample_by_standing ON sample (standing, month);
CREATE INDEX sample_by_time ON sample (sampled_at, id);
CREATE INDEX sample_by_lab_time ON sample (lab_id, sampled_at, id);
CREATE INDEX sample_by_form_no ON sample (form_no);
CREATE INDEX sample_by_org ON sample (sampling_org_id, sampled_at);

-- 检验项目 with the result as reported and its verdict. Values keep their digits as text. `entry` is the rest of what was
-- typed, `stated` a criterion that the laboratory states itself with who confirmed it, `left_out` 不判定 with its reason.
CREATE TABLE item (
    city integer NOT NULL,
    sample_id uuid NOT NULL,
    analyte text COLLATE "C" NOT NULL,
    purpose text COLLATE "C" NOT NULL,
    reported text COLLATE "C",
    unit text COLLATE "C",
    lod text COLLATE "C",
    method text COLLATE "C",
    criterion_id text COLLATE "C",
    verdict text COLLATE "C" CHECK (verdict IN ('conforming', 'nonconforming', 'not_judgeable', 'problem', 'no_problem')),
    reason text COLLATE "C",
    entry jsonb,
    stated jsonb,
    left_out jsonb,
    judgement jsonb,
    confirmation jsonb,
    entered_by uuid,
    entered_at timestamptz,
    revision bigint NOT NULL,
    PRIMARY KEY (city, sample_id, analyte),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
);

-- 结论 by revision: the last one is in force; a rate can be asked as of any past moment.
CREATE TABLE conclusion (
    city integer NOT NULL,
    sample_id uuid NOT NULL,
    revision integer NOT NULL,
    standing text COLLATE "C" NOT NULL CHECK (standing IN ('pending', 'refused', 'voided', 'not_judgeable', 'conforming', 'nonconforming', 'risk')),
    decided_at timestamptz NOT NULL,
    decided_by uuid NOT NULL,
    reason text COLLATE "C" NOT NULL,
    PRIMARY KEY (city, sample_id, revision),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
);
CREATE INDEX conclusion_by_time ON conclusion (decided_at, city, sample_id);

-- 更正 of a registered form: what changed (field, old, new) and why. Append-only.
CREATE TABLE amendment (
    city integer NOT NULL,
    sample_id uuid NOT NULL,
    seq integer NOT NULL,
    changes jsonb NOT NULL,
    reason text COLLATE "C" NOT NULL,
    person_id uuid NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (city, sample_id, seq),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
);

-- 流转: append-only.
CREATE TABLE custody_event (
    city integer NOT NULL,
    sample_id uuid NOT NULL,
    seq integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    person_id uuid NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (city, sample_id, seq),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
);

-- 合格率统计单元, updated in the transaction that changes a standing. A sector that is none is the empty text.
CREATE TABLE rate_cell (
    city integer NOT NULL,
    stage text COLLATE "C" NOT NULL CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    sector text COLLATE "C" NOT NULL,
    task_type text COLLATE "C" NOT NULL CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency')),
    sample_kind text COLLATE "C" NOT NULL CHECK (sample_kind IN ('primary_produce', 'industrially_processed', 'catering_made', 'additive', 'food_related_product')),
    month integer NOT NULL,
    conforming bigint NOT NULL,
    nonconforming bigint NOT NULL,
    pending bigint NOT NULL,
    not_judgeable bigint NOT NULL,
    refused bigint NOT NULL,
    voided bigint NOT NULL,
    risk bigint NOT NULL,
    PRIMARY KEY (city, stage, sector, task_type, sample_kind, month)
);

-- 预警. `rule` says which one, `subject` what it is about where that is not the stage of a region: a sample, a producer.
-- `region` is its scope. An alert's id follows from what raised it, so that two servers raise it once.
CREATE TABLE alert (
    city integer NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('plan', 'early_warning', 'event', 'data')),
    rule text COLLATE "C" NOT NULL,
    plan_id uuid NOT NULL REFERENCES plan (id),
    target_version integer,
    stage text COLLATE "C" CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    region integer NOT NULL,
    subject text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('open', 'acknowledged', 'cleared', 'closed', 'withdrawn')),
    grade text COLLATE "C" NOT NULL CHECK (grade IN ('notice', 'significant')),
    opened_at timestamptz NOT NULL,
    raised_at timestamptz NOT NULL,
    evidence jsonb NOT NULL,
    acknowledged_by uuid,
    acknowledged_at timestamptz,
    note text COLLATE "C",
    ended_at timestamptz,
    ended_why text COLLATE "C",
    revision bigint NOT NULL,
    PRIMARY KEY (city, id)
);
CREATE INDEX alert_by_plan ON alert (plan_id, kind, raised_at);
CREATE INDEX alert_by_status ON alert (city, status, raised_at);

-- What happened to an alert, step by step: append-only. No person for what the clock or a conclusion did.
CREATE TABLE alert_event (
    city integer NOT NULL,
    alert_id uuid NOT NULL,
    seq integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    person_id uuid,
    evidence jsonb NOT NULL,
    PRIMARY KEY (city, alert_id, seq),
    FOREIGN KEY (city, alert_id) REFERENCES alert (city, id)
);

-- 审计: append-only, written in the transaction it records. `rows` names each row touched with the SHA-256 of its state.
CREATE TABLE audit (
    city integer NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    person_id uuid,
    action text COLLATE "C" NOT NULL,
    rows jsonb NOT NULL,
    detail jsonb NOT NULL,
    seal bigint,
    PRIMARY KEY (city, id)
);
CREATE INDEX audit_unsealed ON audit (city, at, id) WHERE seal IS NULL;
CREATE INDEX audit_by_time ON audit (at);

-- The chain over audit rows, per city, written afterwards by the sealer.
CREATE TABLE audit_seal (
    city integer NOT NULL,
    seq bigint NOT NULL,
    entries jsonb NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (city, seq)
);

-- What must leave after the commit. Taken by state with a lease, never by `id > last`.
CREATE TABLE outbox (
    city integer NOT NULL,
    id uuid NOT NULL,
    topic text COLLATE "C" NOT NULL,
    payload jsonb NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    attempts integer NOT NULL,
    due_at timestamptz NOT NULL,
    leased_until timestamptz,
    last_error text COLLATE "C",
    PRIMARY KEY (city, id)
);
CREATE INDEX outbox_due ON outbox (topic, state, due_at);

-- One effect for one key: the stored answer of a request.
CREATE TABLE idempotency (
    city integer NOT NULL,
    key uuid NOT NULL,
    person_id uuid NOT NULL,
    body_hash bytea NOT NULL,
    status integer NOT NULL,
    answer jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (city, key)
);

-- The next free serial of form numbers of a county, year and task type.
CREATE TABLE form_no_counter (
    city integer NOT NULL,
    county integer NOT NULL,
    year integer NOT NULL,
    task_type text COLLATE "C" NOT NULL CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency')),
    next integer NOT NULL,
    PRIMARY KEY (city, county, year, task_type)
);
