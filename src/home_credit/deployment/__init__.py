"""Deployment to the hosting platform: its client, the rollout and its rollback, smoke checks."""
