-- Spreads the tables of a database over the machines of a Citus cluster: for an operator, once, when one machine is full. Stop the
-- servers, back up, run lint.sql, and then on the coordinator, not in a transaction:
--
--     psql "$DATABASE_URL" --set ON_ERROR_STOP=1 --file distribute.sql
--
-- Its classes are those of lint.sql: reference tables first, parents before their children. Nothing is lost when it breaks off
-- between two statements; go on behind the last that was done.

-- Foreign keys from growing to reference tables would otherwise draw growing tables along before their turn.
SET citus.enable_local_reference_table_foreign_keys = off;
-- A filled table whose foreign keys reach a reference table is spread one shard after the other.
SET citus.multi_shard_modify_mode = 'sequential';

SELECT create_reference_table('region');
SELECT create_reference_table('organisation');
SELECT create_reference_table('criterion');
SELECT create_reference_table('calendar_day');
SELECT create_reference_table('deadline_rule');
SELECT create_reference_table('plan');
SELECT create_reference_table('target');
SELECT create_reference_table('quota');
SELECT create_reference_table('bulletin');
SELECT create_reference_table('indicator');

SELECT create_distributed_table('sample', 'city', shard_count => 32);
SELECT create_distributed_table('item', 'city', colocate_with => 'sample');
SELECT create_distributed_table('conclusion', 'city', colocate_with => 'sample');
SELECT create_distributed_table('amendment', 'city', colocate_with => 'sample');
SELECT create_distributed_table('custody_event', 'city', colocate_with => 'sample');
SELECT create_distributed_table('service', 'city', colocate_with => 'sample');
SELECT create_distributed_table('reinspection', 'city', colocate_with => 'sample');
SELECT create_distributed_table('reinspection_item', 'city', colocate_with => 'sample');
SELECT create_distributed_table('objection', 'city', colocate_with => 'sample');
SELECT create_distributed_table('disposal', 'city', colocate_with => 'sample');
SELECT create_distributed_table('bulletin_entry', 'city', colocate_with => 'sample');
SELECT create_distributed_table('attachment', 'city', colocate_with => 'sample');
SELECT create_distributed_table('seal', 'city', colocate_with => 'sample');
SELECT create_distributed_table('task', 'city', colocate_with => 'sample');
SELECT create_distributed_table('task_outcome', 'city', colocate_with => 'sample');
SELECT create_distributed_table('indicator_evidence', 'city', colocate_with => 'sample');
SELECT create_distributed_table('name_gram', 'city', colocate_with => 'sample');
SELECT create_distributed_table('rate_cell', 'city', colocate_with => 'sample');
SELECT create_distributed_table('alert', 'city', colocate_with => 'sample');
SELECT create_distributed_table('alert_event', 'city', colocate_with => 'sample');
SELECT create_distributed_table('mail', 'city', colocate_with => 'sample');
SELECT create_distributed_table('audit', 'city', colocate_with => 'sample');
SELECT create_distributed_table('audit_seal', 'city', colocate_with => 'sample');
SELECT create_distributed_table('outbox', 'city', colocate_with => 'sample');
SELECT create_distributed_table('import', 'city', colocate_with => 'sample');
SELECT create_distributed_table('import_row', 'city', colocate_with => 'sample');
SELECT create_distributed_table('sample_import', 'city', colocate_with => 'sample');
SELECT create_distributed_table('idempotency', 'city', colocate_with => 'sample');
SELECT create_distributed_table('form_no_counter', 'city', colocate_with => 'sample');

-- What lay in them before stays behind on the coordinator until it is taken away there, for each of these tables:
--     SELECT truncate_local_data_after_distributing_table('sample');
-- and then
--     ANALYZE;
