DROP TABLE sample_import;
DROP TABLE import_row;
DROP TABLE import;
ALTER TABLE rate_cell DROP CONSTRAINT rate_cell_task_type_check;
ALTER TABLE rate_cell ADD CONSTRAINT rate_cell_task_type_check CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency'));
ALTER TABLE sample DROP CONSTRAINT sample_task_type_check;
ALTER TABLE sample ADD CONSTRAINT sample_task_type_check CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency'));
