DROP INDEX alert_by_plan_status;
