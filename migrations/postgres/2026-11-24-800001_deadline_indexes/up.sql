-- The indexes of what waits hold everything by which it is told apart and counted, so that the table need not be read beside them:
-- what is not theirs would cost whoever asks a row each.
DROP INDEX sample_undelivered;
DROP INDEX sample_unreported;
CREATE INDEX sample_undelivered ON sample (sampled_at, id, city, region, stage, lab_id, sampling_org_id, status) WHERE status IN ('registered', 'sealed', 'handed_over');
CREATE INDEX sample_unreported ON sample (received_at, id, city, region, stage, lab_id, sampling_org_id, status, sampled_at) WHERE status IN ('received', 'testing', 'entered', 'checked');
