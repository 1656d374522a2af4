DROP INDEX sample_by_task;
ALTER TABLE sample DROP COLUMN task_id;
DROP TABLE task_outcome;
DROP TABLE task;
DROP TABLE quota;
