-- The alerts of a plan and a status, the newest first.
CREATE INDEX alert_by_plan_status ON alert (plan_id, status, raised_at, id);
