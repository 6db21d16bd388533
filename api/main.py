"""What the server runs: ``uvicorn api.main:app``."""

from home_credit.api.app import create_app
from home_credit.config import Settings

app = create_app(Settings())
