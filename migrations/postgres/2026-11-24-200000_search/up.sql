-- 名称 that samples bear, for search: one row for each pair of neighbouring characters of a folded name, one for the last
-- character alone, and one with an empty pair that says the name is known. A name is here once for each city however many
-- samples bear it; none is taken away. `kind` says whether a laboratory may find by it: the product's it may.
CREATE TABLE name_gram (
    city integer NOT NULL,
    gram text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('product', 'unit', 'producer')),
    name text COLLATE "C" NOT NULL,
    PRIMARY KEY (city, gram, kind, name)
);

-- From a name or a code to its samples, the newest first.
CREATE INDEX sample_by_product ON sample (city, product_name, sampled_at, id);
CREATE INDEX sample_by_unit ON sample (city, sampled_unit, sampled_at, id);
CREATE INDEX sample_by_producer ON sample (city, producer, sampled_at, id) WHERE producer IS NOT NULL;
CREATE INDEX sample_by_barcode ON sample ((form ->> 'barcode'), sampled_at, id) WHERE form ->> 'barcode' IS NOT NULL;
CREATE INDEX sample_by_uscc ON sample ((form ->> 'uscc'), sampled_at, id) WHERE form ->> 'uscc' IS NOT NULL;

-- What is theirs or filtered, the newest first. Approved samples are most of all: they are found by time.
DROP INDEX sample_by_org;
CREATE INDEX sample_by_org ON sample (sampling_org_id, sampled_at, id);
CREATE INDEX sample_by_region ON sample (region, sampled_at, id);
CREATE INDEX sample_by_city ON sample (city, sampled_at, id);
CREATE INDEX sample_by_status ON sample (status, sampled_at, id) WHERE status <> 'approved';
CREATE INDEX sample_by_task_type ON sample (task_type, sampled_at, id);

DROP INDEX alert_by_plan;
CREATE INDEX alert_by_plan ON alert (plan_id, raised_at, id);
CREATE INDEX alert_by_rule ON alert (rule, raised_at, id);

-- What the worker takes away after its time.
CREATE INDEX outbox_done ON outbox (due_at) WHERE state = 'done';
CREATE INDEX session_by_expiry ON session (expires_at);
CREATE INDEX refresh_token_by_session ON refresh_token (session_id);
