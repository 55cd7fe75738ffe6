"""The form of the next training: name, data, recipe, parameters, device, estimate."""

from __future__ import annotations

from PyQt6.QtCore import QSignalBlocker
from PyQt6.QtWidgets import QComboBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from desktop.panels.parameters import add_row, device_words, form_layout, headline
from desktop.panels.train_data import DataPart
from desktop.panels.train_estimate import EstimatePart
from desktop.panels.train_recipe import RecipePart
from desktop.training_workspace import TrainingWorkspace
from desktop.widgets.collapsible import Collapsible
from desktop.widgets.config_form import ConfigForm
from desktop.widgets.setting_field import guard_wheel
from engine.config import AUTO, BANDS, declarations
from engine.device import names as device_names
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training.config import TrainConfig

ELSEWHERE = frozenset({"model", "data", "weights", "name", "device"})
"""Settings that have a place of their own in the form."""

AUTOMATIC = {"input_size": 640, "learning_rate": 0.001, "workers": 4}
"""Where a setting begins that is stepped away from what is automatic."""

_OFTEN, *_FOLDED = BANDS
_TITLES = {"sometimes": N_("Needed sometimes"), "rarely": N_("Needed rarely")}
_SPACE = 8


class SetupPanel(QWidget):
    """All settings of a training, by how often they are needed.

    Args:
        workspace: Whose state is shown and whose verbs are asked.
        parent: The owner.
    """

    def __init__(self, *, workspace: TrainingWorkspace, parent: QWidget | None = None) -> None:
        """Show what the state holds."""
        super().__init__(parent)
        self._state = workspace.state
        self._setup = workspace.setup
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._build_run(layout)
        layout.addSpacing(_SPACE)
        layout.addWidget(self._data_part(workspace))
        layout.addSpacing(_SPACE)
        layout.addWidget(self._recipe_part(workspace))
        layout.addSpacing(_SPACE)
        self._build_parameters(layout)
        layout.addSpacing(_SPACE)
        self._build_device(layout)
        layout.addSpacing(_SPACE)
        self._estimate = EstimatePart(state=self._state)
        self._estimate.check_requested.connect(workspace.checks.check)
        self._estimate.cancel_requested.connect(workspace.checks.cancel)
        layout.addWidget(self._estimate)
        layout.addStretch(1)
        self._state.config_changed.connect(self._on_config)
        self._on_config(self._state.config)

    def _build_run(self, layout: QVBoxLayout) -> None:
        layout.addLayout(headline(_("Run"), QLabel()))
        declared = declarations(TrainConfig)["name"]
        self._name = QLineEdit()
        self._name.setAccessibleName(_(declared.label))
        self._name.setToolTip(_(declared.help))
        self._name.setPlaceholderText(_("Name, by default the recipe"))
        self._name.editingFinished.connect(self._on_name)
        layout.addWidget(self._name)

    def _data_part(self, workspace: TrainingWorkspace) -> DataPart:
        part = DataPart(state=self._state, recent=self._setup.recent_data)
        part.chosen.connect(self._setup.choose_data)
        part.folder_requested.connect(workspace.dialogs.open_data_folder)
        part.file_requested.connect(workspace.dialogs.open_data_file)
        part.demonstration_requested.connect(self._setup.demonstration)
        part.show_requested.connect(workspace.dialogs.show_data)
        part.cancel_requested.connect(self._setup.cancel_data)
        return part

    def _recipe_part(self, workspace: TrainingWorkspace) -> RecipePart:
        part = RecipePart(state=self._state)
        part.recipe_typed.connect(self._setup.set_recipe)
        part.weights_chosen.connect(self._setup.set_weights)
        part.weights_requested.connect(workspace.dialogs.open_weights)
        return part

    def _build_parameters(self, layout: QVBoxLayout) -> None:
        self._forms: dict[str, ConfigForm] = {}
        self._folds: dict[str, Collapsible] = {}
        layout.addLayout(headline(_("Parameters"), QLabel()))
        for band in BANDS:
            form = self._forms[band] = self._form(band)
            if band == _OFTEN:
                layout.addWidget(form)
            else:
                self._folds[band] = Collapsible(_(_TITLES[band]), form)
                layout.addWidget(self._folds[band])

    def _form(self, band: str) -> ConfigForm:
        names = [
            name
            for name, declared in declarations(TrainConfig).items()
            if declared.band == band and name not in ELSEWHERE
        ]
        form = ConfigForm(TrainConfig, names, automatic=AUTOMATIC)
        form.edited.connect(self._on_edited)
        return form

    def _build_device(self, layout: QVBoxLayout) -> None:
        layout.addLayout(headline(_("Device"), QLabel()))
        declared = declarations(TrainConfig)["device"]
        self._device = QComboBox()
        for name in device_names():
            self._device.addItem(device_words(name), name)
        self._device.activated.connect(
            lambda row: self._setup.change(device=self._device.itemData(row))
        )
        guard_wheel(self._device)
        form = form_layout()
        add_row(form, _("Runs on"), self._device, _(declared.help))
        layout.addLayout(form)

    def _on_name(self) -> None:
        if self._name.text().strip() != self._state.config.name:
            self._setup.change(name=self._name.text().strip())

    def _on_edited(self, name: str, value: object) -> None:
        self._setup.change(**{name: value})

    def _on_config(self, config: TrainConfig) -> None:
        for form in self._forms.values():
            form.show_config(config)
        self._forms["sometimes"].set_usable("learning_rate", config.optimizer != AUTO)
        for band in _FOLDED:
            count = len(self._forms[band].changed())
            said = _("{count} changed").format(count=count) if count else ""
            self._folds[band].set_remark(said)
        if not self._name.hasFocus():
            self._name.setText(config.name)
        with QSignalBlocker(self._device):
            if self._device.findData(config.device) < 0:
                self._device.addItem(device_words(config.device), config.device)
            self._device.setCurrentIndex(self._device.findData(config.device))
