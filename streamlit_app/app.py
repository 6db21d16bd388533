"""Pages of the dashboard; run by ``streamlit run streamlit_app/app.py`` from the repository's root."""

import streamlit as st

from home_credit.dashboard import (
    access,
    client_page,
    compare_page,
    drift_page,
    model_page,
    portfolio_page,
    reviews_page,
    shell,
    what_if_page,
)

translate = shell.page_setup()
reviews = st.Page(reviews_page.show, title=translate("pages.reviews"), url_path="reviews")
shell.remember_page("reviews", reviews)
page = st.navigation(
    [
        st.Page(client_page.show, title=translate("pages.client"), url_path="client", default=True),
        st.Page(compare_page.show, title=translate("pages.compare"), url_path="compare"),
        st.Page(what_if_page.show, title=translate("pages.simulate"), url_path="simulate"),
        reviews,
        st.Page(drift_page.show, title=translate("pages.drift"), url_path="data-drift"),
        st.Page(model_page.show, title=translate("pages.model"), url_path="model"),
        st.Page(portfolio_page.show, title=translate("pages.portfolio"), url_path="portfolio"),
    ],
    position="top",
)
shell.name_page(page.title)
if access.granted():
    shell.run(page)
