"""Pages of the dashboard; run by ``streamlit run streamlit_app/app.py`` from the repository's root."""

from home_credit.dashboard import access, navigation, shell

shell.page_setup()
person = access.entered()
page = navigation.page_of(person)
shell.name_page(page.title)
if person:
    access.show_person(person)
shell.run(page)
