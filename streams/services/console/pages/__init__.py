"""The pages of the console: each module gives its `PAGES`, whose blocks load what their templates show."""
