-- What holds for the whole database: which program it belongs to, the demo's clock.
CREATE TABLE setting (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;

-- 行政区划. Codes change: a code is known for its validity only.
CREATE TABLE region (
    code INTEGER NOT NULL,
    name TEXT NOT NULL,
    valid_from TEXT,
    valid_to TEXT,
    PRIMARY KEY (code)
) STRICT, WITHOUT ROWID;

-- 机构: departments, inspecting organisations, laboratories.
CREATE TABLE organisation (
    id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('department', 'inspecting', 'laboratory')),
    name TEXT NOT NULL,
    region INTEGER NOT NULL,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    revision INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

-- 人员 with a login. Roles and stages are space-separated codes; no stage means every stage.
CREATE TABLE person (
    id BLOB NOT NULL,
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    organisation_id BLOB NOT NULL REFERENCES organisation (id),
    region INTEGER NOT NULL,
    roles TEXT NOT NULL,
    stages TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (login)
) STRICT, WITHOUT ROWID;

-- One login on one device: a family of rotating refresh tokens. Only digests are kept.
CREATE TABLE session (
    id BLOB NOT NULL,
    person_id BLOB NOT NULL REFERENCES person (id),
    current_hash BLOB NOT NULL,
    previous_hash BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

-- Every refresh token a session ever gave out, by digest: one that was replaced and comes back ends the session.
CREATE TABLE refresh_token (
    digest BLOB NOT NULL,
    session_id BLOB NOT NULL REFERENCES session (id),
    given_at INTEGER NOT NULL,
    PRIMARY KEY (digest)
) STRICT, WITHOUT ROWID;

-- Keys that sign access tokens.
CREATE TABLE signing_key (
    kid TEXT NOT NULL,
    secret BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (kid)
) STRICT, WITHOUT ROWID;

-- 限量: one row of the catalogue as loaded (its text fields in `row`), or accepted by an administrator.
CREATE TABLE criterion (
    id TEXT NOT NULL,
    food_class TEXT NOT NULL,
    analyte TEXT NOT NULL,
    row TEXT NOT NULL,
    verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
    accepted_by BLOB,
    accepted_at INTEGER,
    revision INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

-- 节假日与调休.
CREATE TABLE calendar_day (
    day TEXT NOT NULL,
    year INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('holiday', 'workday')),
    source TEXT NOT NULL,
    PRIMARY KEY (day)
) STRICT, WITHOUT ROWID;

-- 计划.
CREATE TABLE plan (
    id BLOB NOT NULL,
    year INTEGER NOT NULL,
    title TEXT NOT NULL,
    demo INTEGER NOT NULL CHECK (demo IN (0, 1)),
    current INTEGER NOT NULL CHECK (current IN (0, 1)),
    revision INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

-- 目标 of a plan's stage, by version: a changed target is a new version, never an edit. `counting` says what counts,
-- `min_n` the fewest samples for a notice, `planned_n` how many countable samples the year is planned to have.
CREATE TABLE target (
    plan_id BLOB NOT NULL REFERENCES plan (id),
    stage TEXT NOT NULL CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    version INTEGER NOT NULL,
    basis_points INTEGER,
    min_n INTEGER NOT NULL,
    planned_n INTEGER NOT NULL,
    counting TEXT NOT NULL,
    clause TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    PRIMARY KEY (plan_id, stage, version)
) STRICT, WITHOUT ROWID;

-- 样品(批次). Columns are what is a key, filtered, counted or encrypted; the rest of the form is `form`.
CREATE TABLE sample (
    city INTEGER NOT NULL,
    id BLOB NOT NULL,
    form_no TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('registered', 'sealed', 'handed_over', 'received', 'refused', 'testing', 'entered', 'checked', 'approved', 'voided')),
    standing TEXT NOT NULL CHECK (standing IN ('pending', 'refused', 'voided', 'not_judgeable', 'conforming', 'nonconforming', 'risk')),
    stage TEXT NOT NULL CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    sector TEXT CHECK (sector IN ('agriculture', 'forestry', 'fishery')),
    task_type TEXT NOT NULL CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency')),
    sample_kind TEXT NOT NULL CHECK (sample_kind IN ('primary_produce', 'industrially_processed', 'catering_made', 'additive', 'food_related_product')),
    region INTEGER NOT NULL,
    food_class TEXT NOT NULL,
    product_name TEXT NOT NULL,
    sampled_unit TEXT NOT NULL,
    producer TEXT,
    lab_id BLOB,
    sampling_org_id BLOB NOT NULL,
    sampled_at INTEGER NOT NULL,
    month INTEGER NOT NULL,
    deciding_date TEXT,
    form TEXT NOT NULL,
    personal BLOB,
    registered_by BLOB NOT NULL,
    registered_at INTEGER NOT NULL,
    received_at INTEGER,
    decided_at INTEGER,
    conclusion_revision INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (city, id),
    UNIQUE (city, form_no)
) STRICT, WITHOUT ROWID;
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
    city INTEGER NOT NULL,
    sample_id BLOB NOT NULL,
    analyte TEXT NOT NULL,
    purpose TEXT NOT NULL,
    reported TEXT,
    unit TEXT,
    lod TEXT,
    method TEXT,
    criterion_id TEXT,
    verdict TEXT CHECK (verdict IN ('conforming', 'nonconforming', 'not_judgeable', 'problem', 'no_problem')),
    reason TEXT,
    entry TEXT,
    stated TEXT,
    left_out TEXT,
    judgement TEXT,
    confirmation TEXT,
    entered_by BLOB,
    entered_at INTEGER,
    revision INTEGER NOT NULL,
    PRIMARY KEY (city, sample_id, analyte),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
) STRICT, WITHOUT ROWID;

-- 结论 by revision: the last one is in force; a rate can be asked as of any past moment.
CREATE TABLE conclusion (
    city INTEGER NOT NULL,
    sample_id BLOB NOT NULL,
    revision INTEGER NOT NULL,
    standing TEXT NOT NULL CHECK (standing IN ('pending', 'refused', 'voided', 'not_judgeable', 'conforming', 'nonconforming', 'risk')),
    decided_at INTEGER NOT NULL,
    decided_by BLOB NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (city, sample_id, revision),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX conclusion_by_time ON conclusion (decided_at, city, sample_id);

-- 更正 of a registered form: what changed (field, old, new) and why. Append-only.
CREATE TABLE amendment (
    city INTEGER NOT NULL,
    sample_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    changes TEXT NOT NULL,
    reason TEXT NOT NULL,
    person_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (city, sample_id, seq),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
) STRICT, WITHOUT ROWID;

-- 流转: append-only.
CREATE TABLE custody_event (
    city INTEGER NOT NULL,
    sample_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    person_id BLOB NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (city, sample_id, seq),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
) STRICT, WITHOUT ROWID;

-- 合格率统计单元, updated in the transaction that changes a standing. A sector that is none is the empty text.
CREATE TABLE rate_cell (
    city INTEGER NOT NULL,
    stage TEXT NOT NULL CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    sector TEXT NOT NULL,
    task_type TEXT NOT NULL CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency')),
    sample_kind TEXT NOT NULL CHECK (sample_kind IN ('primary_produce', 'industrially_processed', 'catering_made', 'additive', 'food_related_product')),
    month INTEGER NOT NULL,
    conforming INTEGER NOT NULL,
    nonconforming INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    not_judgeable INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    voided INTEGER NOT NULL,
    risk INTEGER NOT NULL,
    PRIMARY KEY (city, stage, sector, task_type, sample_kind, month)
) STRICT, WITHOUT ROWID;

-- 预警. `rule` says which one, `subject` what it is about where that is not the stage of a region: a sample, a producer.
-- `region` is its scope. An alert's id follows from what raised it, so that two servers raise it once.
CREATE TABLE alert (
    city INTEGER NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('plan', 'early_warning', 'event', 'data')),
    rule TEXT NOT NULL,
    plan_id BLOB NOT NULL REFERENCES plan (id),
    target_version INTEGER,
    stage TEXT CHECK (stage IN ('farm', 'production', 'circulation', 'catering')),
    region INTEGER NOT NULL,
    subject TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'acknowledged', 'cleared', 'closed', 'withdrawn')),
    grade TEXT NOT NULL CHECK (grade IN ('notice', 'significant')),
    opened_at INTEGER NOT NULL,
    raised_at INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    acknowledged_by BLOB,
    acknowledged_at INTEGER,
    note TEXT,
    ended_at INTEGER,
    ended_why TEXT,
    revision INTEGER NOT NULL,
    PRIMARY KEY (city, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_by_plan ON alert (plan_id, kind, raised_at);
CREATE INDEX alert_by_status ON alert (city, status, raised_at);

-- What happened to an alert, step by step: append-only. No person for what the clock or a conclusion did.
CREATE TABLE alert_event (
    city INTEGER NOT NULL,
    alert_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    person_id BLOB,
    evidence TEXT NOT NULL,
    PRIMARY KEY (city, alert_id, seq),
    FOREIGN KEY (city, alert_id) REFERENCES alert (city, id)
) STRICT, WITHOUT ROWID;

-- 审计: append-only, written in the transaction it records. `rows` names each row touched with the SHA-256 of its state.
CREATE TABLE audit (
    city INTEGER NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    person_id BLOB,
    action TEXT NOT NULL,
    rows TEXT NOT NULL,
    detail TEXT NOT NULL,
    seal INTEGER,
    PRIMARY KEY (city, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_unsealed ON audit (city, at, id) WHERE seal IS NULL;
CREATE INDEX audit_by_time ON audit (at);

-- The chain over audit rows, per city, written afterwards by the sealer.
CREATE TABLE audit_seal (
    city INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    entries TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (city, seq)
) STRICT, WITHOUT ROWID;

-- What must leave after the commit. Taken by state with a lease, never by `id > last`.
CREATE TABLE outbox (
    city INTEGER NOT NULL,
    id BLOB NOT NULL,
    topic TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    leased_until INTEGER,
    last_error TEXT,
    PRIMARY KEY (city, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (topic, state, due_at);

-- One effect for one key: the stored answer of a request.
CREATE TABLE idempotency (
    city INTEGER NOT NULL,
    key BLOB NOT NULL,
    person_id BLOB NOT NULL,
    body_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    answer TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (city, key)
) STRICT, WITHOUT ROWID;

-- The next free serial of form numbers of a county, year and task type.
CREATE TABLE form_no_counter (
    city INTEGER NOT NULL,
    county INTEGER NOT NULL,
    year INTEGER NOT NULL,
    task_type TEXT NOT NULL CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency')),
    next INTEGER NOT NULL,
    PRIMARY KEY (city, county, year, task_type)
) STRICT, WITHOUT ROWID;
