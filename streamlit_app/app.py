"""The dashboard; run by ``streamlit run streamlit_app/app.py`` from the repository's root.

The server imports this file for its application, whose script is this same file: Streamlit runs it for each reader.
"""

import streamlit as st

from home_credit.dashboard import access, navigation, shell, web

if __name__ == "__main__":
    shell.page_setup()
    person = access.entered()
    page = navigation.page_of(person)
    shell.show_switch()
    shell.name_page(page.title)
    if person:
        access.show_person(person)
    shell.run(page)
else:
    app = st.App(__file__, routes=web.routes(), middleware=web.middleware())
