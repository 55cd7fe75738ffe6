"""The network of a training: its recipe, checked as it is typed, and the weights it starts from."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QFont, QFontDatabase, QShowEvent
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.panels.parameters import TASK_WORDS, headline
from desktop.panels.train_data import small_button
from desktop.training_state import TrainingState
from desktop.widgets.choice_delegate import BESIDE, ChoiceDelegate
from desktop.widgets.facts import Fact, Facts
from desktop.widgets.setting_field import guard_wheel
from engine.i18n import translate as _
from engine.training.preflight import Preflight

MONOSPACE_PX = 12
LONGEST_LIST = 16
_WIDEST_LIST = 560


class RecipePart(QWidget):
    """What is trained.

    Args:
        state: Read and listened to.
        parent: The owner.

    Signals:
        recipe_typed: str, a recipe, whether it can be read or not.
        weights_chosen: Path of the weights to start from, None for none.
        weights_requested: Another weights file is to be asked for.
    """

    recipe_typed = pyqtSignal(str)
    weights_chosen = pyqtSignal(object)
    weights_requested = pyqtSignal()

    def __init__(self, *, state: TrainingState, parent: QWidget | None = None) -> None:
        """Show what the state holds."""
        super().__init__(parent)
        self._state = state
        self._task = QLabel()
        self._task.setProperty("role", "caption")
        self._recipe = QComboBox()
        self._recipe.setEditable(True)
        self._recipe.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._recipe.setCompleter(None)
        self._recipe.setMaxVisibleItems(LONGEST_LIST)
        self._recipe.setAccessibleName(_("Recipe"))
        _narrow(self._recipe)
        self._recipe.editTextChanged.connect(self._on_typed)
        self._problem = QLabel()
        self._problem.setProperty("role", "error")
        self._problem.setWordWrap(True)
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._weights = QComboBox()
        self._weights.setAccessibleName(_("Start weights"))
        self._weights.setMaxVisibleItems(LONGEST_LIST)
        _narrow(self._weights)
        self._weights.activated.connect(
            lambda row: self.weights_chosen.emit(self._weights.itemData(row))
        )
        browse = small_button("folder", _("Open weights to start from"))
        browse.clicked.connect(lambda checked=False: self.weights_requested.emit())
        label = QLabel(_("Start weights"))
        label.setBuddy(self._weights)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._weights, 1)
        row.addWidget(browse)
        self._facts = Facts()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(headline(_("Recipe"), self._task))
        layout.addWidget(self._recipe)
        layout.addWidget(self._problem)
        layout.addWidget(label)
        layout.addLayout(row)
        layout.addWidget(self._facts)
        state.config_changed.connect(self._on_config)
        state.recipes_changed.connect(self._fill_recipes)
        state.weights_changed.connect(self._fill_weights)
        state.recipe_changed.connect(self._on_recipe)
        state.data_changed.connect(self._on_recipe)
        state.preflight_changed.connect(self._on_preflight)
        self._fill_recipes()
        self._fill_weights()
        self._on_recipe()
        self._on_preflight()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Give the recipe its font."""
        super().showEvent(event)
        self._set_font()

    def _set_font(self) -> None:
        # To be polished costs a field its font.
        editor = self._recipe.lineEdit()
        if editor is not None:
            editor.setFont(monospace())

    def _on_typed(self, text: str) -> None:
        self._recipe.setToolTip(text)
        self.recipe_typed.emit(text)

    def _on_config(self) -> None:
        config = self._state.config
        if self._recipe.currentText().strip() != config.model:
            with QSignalBlocker(self._recipe):
                self._recipe.setEditText(config.model)
        self._recipe.setToolTip(config.model)
        if self._weights.currentData() != config.weights:
            self._fill_weights()

    def _fill_recipes(self) -> None:
        with QSignalBlocker(self._recipe):
            self._recipe.clear()
            for row, choice in enumerate(self._state.recipes):
                self._recipe.addItem(choice.value)
                self._recipe.setItemData(row, choice.words, BESIDE)
                self._recipe.setItemData(row, choice.tip, Qt.ItemDataRole.ToolTipRole)
            self._recipe.setCurrentIndex(-1)
            self._recipe.setEditText(self._state.config.model)
        _widen_list(self._recipe)
        self._on_config()

    def _fill_weights(self) -> None:
        chosen = self._state.config.weights
        with QSignalBlocker(self._weights):
            self._weights.clear()
            self._weights.addItem(_("none: begin at random"), None)
            for choice in self._state.weights:
                self._weights.addItem(choice.words, Path(choice.value))
                row = self._weights.count() - 1
                self._weights.setItemData(row, choice.tip, Qt.ItemDataRole.ToolTipRole)
            rows = [self._weights.itemData(row) for row in range(self._weights.count())]
            if chosen not in rows and chosen is not None:
                self._weights.addItem(chosen.stem, chosen)
                rows.append(chosen)
            self._weights.setCurrentIndex(rows.index(chosen))
        self._weights.setToolTip("" if chosen is None else str(chosen))
        _widen_list(self._weights)

    def _on_recipe(self) -> None:
        facts, data = self._state.recipe, self._state.data
        said, role = "", "error"
        if facts.error is not None:
            said = f"{facts.error.message} {facts.error.hint}".strip()
        elif data is not None and facts.task and facts.task not in data.tasks:
            role = "warn"
            said = _("This recipe is for {task}; the labels can train: {tasks}.").format(
                task=_(TASK_WORDS[facts.task]),
                tasks=", ".join(_(TASK_WORDS[task]) for task in data.tasks),
            )
        self._task.setText(_(TASK_WORDS[facts.task]) if facts.task else "")
        self._problem.setText(said)
        self._problem.setVisible(bool(said))
        self._recipe.setProperty("invalid", "true" if facts.error is not None else "false")
        self._problem.setProperty("role", role)
        for part in (self._recipe, self._problem):
            style = part.style()
            if style is not None:
                style.unpolish(part)
                style.polish(part)
        self._set_font()

    def _on_preflight(self) -> None:
        preflight = self._state.preflight
        self._facts.show_facts([] if preflight is None else network_facts(preflight))


def network_facts(found: Preflight) -> list[Fact]:
    """Return what the check has found out of the network."""
    return [
        start_fact(found.carried),
        *size_facts(found.parameters, found.gflops, found.input_size),
    ]


def start_fact(carried: float | None) -> Fact:
    """Return how much of the network is taken over from the start weights."""
    value = f"{100 * carried:.0f} %" if carried else _("nothing")
    tip = _("Share of the network that is taken over from the start weights.")
    return Fact(_("Carried over"), value, tip=tip)


def size_facts(parameters: float, gflops: float, input_size: int) -> list[Fact]:
    """Return how large a network is and how much it computes for a picture."""
    word = _("GFLOPs, {size} px").format(size=input_size)
    facts = [Fact(_("Parameters"), f"{parameters / 1e6:.2f} M")]
    if gflops:
        tip = _("Counting a multiplication with addition as two.")
        facts.append(Fact(word, f"{gflops:.3g}", tip=tip))
    return facts


def monospace() -> QFont:
    """Return the font of recipes."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(MONOSPACE_PX)
    return font


def _narrow(combo: QComboBox) -> None:
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(6)
    combo.setItemDelegate(ChoiceDelegate(combo))
    guard_wheel(combo)


def _widen_list(combo: QComboBox) -> None:
    """Let the open list be as wide as what is in it."""
    view = combo.view()
    if view is not None:
        view.setMinimumWidth(min(view.sizeHintForColumn(0) + 2 * LONGEST_LIST, _WIDEST_LIST))
