"""A browser without a window, and the pages of the dashboard in it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud import waiting

if TYPE_CHECKING:  # Only where the tests of the dashboard run.
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

#: Programs of Debian's chromium and chromium-driver.
PROGRAMS = ('chromium', 'chromedriver')

#: Seconds within which a page shows what is expected of it.
PATIENCE = 60

_CSS = 'css selector'

_AXE = """
const done = arguments[arguments.length - 1];
axe.run({include: arguments[0]}, {resultTypes: ['violations']}).then(done);
"""

#: As a dark theme of Horizon: it knows Horizon's own elements, and no class of the plugin.
_DARKEN = """
const style = document.createElement('style');
style.textContent = `
    * { background-color: transparent !important; }
    html { background-color: #111 !important; }
    body, p, h3, h4, dt, dd, li, label, small, span, caption, td, th,
    .form-control, .btn-default, .help-block, .alert { color: #eee; }
    option { background-color: #111 !important; }
`;
document.head.append(style);
"""

#: Horizon's messages fade after 3 seconds, within which a busy machine may not show the page.
_KEEP_MESSAGES = """
addEventListener('DOMContentLoaded', () => {
    if (window.horizon?.conf?.auto_fade_alerts) horizon.conf.auto_fade_alerts.types = [];
});
"""

#: Horizon's tables are as wide as their columns; what is in them has only to fit by itself.
_TOO_WIDE = """
const width = document.documentElement.clientWidth + 1;
return arguments[0].flatMap(part => [...document.querySelectorAll(`${part}, ${part} *`)])
    .map(part => [part, part.getBoundingClientRect()])
    .filter(([part, box]) => box.width > width || !part.closest('table') && box.right > width)
    .map(([part, box]) => `${part.getAttribute('class')}: ${box.left} to ${box.right}`);
"""


def missing() -> list[str]:
    """Return which of the programs are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextlib.contextmanager
def started(profile: Path) -> Iterator[Chrome]:
    """Yield a new browser, which knows nobody."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which('chromium'))
    for word in (
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--window-size=1280,800',
        f'--user-data-dir={profile}',
    ):
        options.add_argument(word)
    driver = webdriver.Chrome(options=options, service=Service(str(shutil.which('chromedriver'))))
    try:
        yield driver
    finally:
        driver.quit()


class Dashboard:
    """What a person does in the dashboard, and sees."""

    def __init__(self, driver: Chrome, url: str, pictures: str | None) -> None:
        self.driver = driver
        self.url = url
        self.pictures = pictures
        self._keep_messages()

    def log_in(self, user: str, password: str) -> None:
        """Log in, whoever was, and come to the first page."""
        # What a page is still loading would bring its session back.
        self.driver.get('about:blank')
        self.driver.execute_cdp_cmd('Network.clearBrowserCookies', {})
        self.go('/auth/login/')
        self.type('[name="username"]', user)
        self.type('[name="password"]', password)
        self.one('#loginBtn').click()
        self.until(lambda: '/auth/login' not in self.driver.current_url)

    def go(self, path: str) -> None:
        self.driver.get(self.url + path)

    def one(self, selector: str, within: Any = None) -> WebElement:
        """Return the first visible element of a selector, when there is one."""

        return self.until(lambda: self.shown(selector, within), f'no {selector}')[0]

    def shown(self, selector: str, within: Any = None) -> list[WebElement]:
        """Return the elements of a selector that are visible now."""
        elements = (within or self.driver).find_elements(_CSS, selector)
        return [element for element in elements if element.is_displayed()]

    def count(self, selector: str) -> int:
        return len(self.driver.find_elements(_CSS, selector))

    def type(self, selector: str, text: str) -> None:
        """Type something in the place of what a field has."""
        field = self.one(selector)
        field.clear()
        field.send_keys(text)

    def choose(self, name: str, value: str) -> None:
        """Choose from a list."""
        self.one(f'select[name="{name}"] option[value="{value}"]').click()

    def until(self, condition: Any, what: str = 'not so') -> Any:
        """Return what a condition returns when it is something; pages change beneath."""
        from selenium.common.exceptions import StaleElementReferenceException

        result: list[Any] = []

        def check() -> bool:
            with contextlib.suppress(StaleElementReferenceException):
                result[:] = [condition()]
                return bool(result[0])
            return False

        if not waiting.until(check, PATIENCE, 0.2):
            raise AssertionError(f'{what} after {PATIENCE} s at {self.driver.current_url}')
        return result[0]

    def reads(self, selector: str, text: str) -> None:
        """Wait until an element has a text in it."""
        shown: list[str] = []

        def there() -> bool:
            shown[:] = [self.one(selector).text]
            return text in shown[0]

        try:
            self.until(there)
        except AssertionError as error:
            raise AssertionError(f'{selector} reads {shown}, and not {text!r}') from error

    def one_with(self, selector: str, text: str) -> WebElement:
        """Return the first visible element of a selector that has a text in it."""

        def visible() -> Any:
            elements = self.driver.find_elements(_CSS, selector)
            return next(
                (
                    element
                    for element in elements
                    if element.is_displayed() and text in element.text
                ),
                None,
            )

        return self.until(visible, f'no {selector} with {text!r}')

    # Tabs and sessions.

    @property
    def tab(self) -> str:
        return self.driver.current_window_handle

    def new_tab(self) -> str:
        """Open another tab of the same person, and go to it."""
        self.driver.switch_to.new_window('tab')
        self._keep_messages()
        return self.tab

    def _keep_messages(self) -> None:
        """Let messages stay in this tab."""
        script = {'source': _KEEP_MESSAGES}
        self.driver.execute_cdp_cmd('Page.addScriptToEvaluateOnNewDocument', script)

    def to_tab(self, tab: str) -> None:
        self.driver.switch_to.window(tab)

    def close_tab(self) -> None:
        """Close this tab, and go to the one that was opened before."""
        self.driver.close()
        self.to_tab(self.driver.window_handles[-1])

    def end_session(self) -> None:
        """Have the browser lose the session, as when its time is over."""
        self.driver.delete_cookie('sessionid')

    # New servers.

    def open_launch(self) -> None:
        """Open the form in which servers are launched."""
        self.instances()
        self.one('#instances__action_launch-ng').click()
        self.one('.modal-content input[name="name"]')

    def launch_step(self, name: str) -> None:
        """Open a step of that form."""
        self.one_with('.modal-content .nav-item', name).click()

    def offered(self, name: str) -> WebElement:
        """Return the row of a flavor or an image that such a step offers."""
        return self.one_with('.modal-content tbody tr', name)

    def choose_offered(self, name: str) -> None:
        """Choose what such a step offers."""
        self.one('.actions_column button', self.offered(name)).click()

    # Servers.

    def instances(self) -> None:
        self.go('/project/instances/')

    @staticmethod
    def row(server: str) -> str:
        """Return the selector of a server's row."""
        return f'tr[data-object-id="{server}"]'

    def open_form(self, server: str) -> None:
        """Open the form of a server from its menu."""
        row = self.row(server)
        self.one(f'{row} .dropdown-toggle').click()
        self.one(f'{row} .btn-adjust-size').click()
        self.one('form.xloud-adjust')

    def forecast(self, outcome: str, text: str = '') -> str:
        """Return what the form says will happen, when it is of a kind, with a text in it.

        A field that is typed into is empty for a moment, and the form says what is true then.
        """
        return str(self.one_with(f'.xloud-forecast[data-outcome="{outcome}"]', text).text)

    def send(self) -> None:
        self.one('form.xloud-adjust input[type="submit"]').click()

    def size_tab(self, server: str) -> None:
        self.go(f'/project/instances/{server}/?tab=instance_details__size')

    def stay(self) -> None:
        """Mark the page, so that it shows when it is loaded again."""
        self.driver.execute_script('window.stays = true')

    @property
    def stays(self) -> bool:
        return bool(self.driver.execute_script('return window.stays === true'))

    # Whether everybody can use a page.

    @property
    def focused(self) -> WebElement:
        return self.driver.switch_to.active_element

    def press(self, key: str) -> None:
        """Press a key wherever the focus is."""
        self.focused.send_keys(key)

    def choose_theme(self, name: str) -> None:
        self.driver.add_cookie({'name': 'theme', 'value': name})

    def resize(self, width: int, height: int) -> None:
        """Show the page as a screen of that size does."""
        metrics = {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': True}
        self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', metrics)

    def darken(self) -> None:
        """Show the page as a dark theme does."""
        self.driver.execute_script(_DARKEN)

    def barriers(self, selectors: Sequence[str]) -> list[str]:
        """Return the serious barriers in parts of the page, each with its rule and its element."""
        source = resources.files('axe_playwright_python').joinpath('axe.min.js').read_text()
        self.driver.execute_script(source)
        present = [selector for selector in selectors if self.count(selector)]
        self.driver.set_script_timeout(PATIENCE)
        answer = self.driver.execute_async_script(_AXE, present)
        return [
            f'{violation["id"]} {node["html"][:160]}: {node["failureSummary"]}'
            for violation in answer['violations']
            if violation['impact'] in ('serious', 'critical')
            for node in violation['nodes']
        ]

    def wider_than_screen(self, selectors: Sequence[str]) -> list[str]:
        """Return the parts that do not fit on the screen."""
        return list(self.driver.execute_script(_TOO_WIDE, list(selectors)))

    def picture(self, name: str, height: int = 720) -> None:
        """Keep a picture for the guides, if there is a folder for them."""
        if self.pictures:
            self.driver.set_window_size(1280, height)
            self.picture_as_it_is(name)

    def picture_as_it_is(self, name: str) -> None:
        """The same, without another size of the window."""
        if self.pictures:
            self.driver.save_screenshot(str(Path(self.pictures, f'elastic-dashboard-{name}.png')))
