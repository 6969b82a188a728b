"""How the work runs: study config, stages as plain functions, Prefect flows and deployments."""
