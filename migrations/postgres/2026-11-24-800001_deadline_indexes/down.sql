DROP INDEX sample_unreported;
DROP INDEX sample_undelivered;
CREATE INDEX sample_undelivered ON sample (sampled_at, id, city, stage, lab_id) WHERE status IN ('registered', 'sealed', 'handed_over');
CREATE INDEX sample_unreported ON sample (received_at, id, city, stage, lab_id, sampled_at) WHERE status IN ('received', 'testing', 'entered', 'checked');
