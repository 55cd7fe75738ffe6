; The installer for Windows, for one person and without an administrator. `python -m
; installer.windows` compiles it and says where everything lies: VERSION, BUNDLE, OUT, TARGET,
; COMPRESSOR, SIZE_KIB, ICON, SIDE, and CONTENTS with what is in the bundle and which pictures the
; program reads.

Unicode true
Target ${TARGET}
; Not solid: that would unpack everything into one temporary file first, and again from there.
SetCompressor ${COMPRESSOR}

!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh
!include Sections.nsh
!include WinVer.nsh
!include x64.nsh
!include "${CONTENTS}"

!define NAME "LabSight"
!define PUBLISHER "The LabSight authors"
!define PROGRAM "LabSight.exe"
!define UNINSTALLER "Uninstall.exe"
!define SESSION "LabSight.Session"
!define PICTURE "LabSight.Picture"
!define CLASSES "Software\Classes"
!define ENTRY "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"
!define RUNNING 3

Name "${NAME}"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\${NAME}"
InstallDirRegKey HKCU "${ENTRY}" "InstallLocation"
RequestExecutionLevel user
ManifestDPIAware true
BrandingText "${NAME} ${VERSION}"
AutoCloseWindow true

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_COMPONENTSPAGE_SMALLDESC
!define MUI_WELCOMEFINISHPAGE_BITMAP "${SIDE}"
!define MUI_WELCOMEFINISHPAGE_BITMAP_STRETCH AspectFitHeight
!define MUI_FINISHPAGE_RUN "$INSTDIR\${PROGRAM}"
!define MUI_FINISHPAGE_NOAUTOCLOSE
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!define MUI_COMPONENTSPAGE_TEXT_TOP "$(WhatStays)"
!insertmacro MUI_UNPAGE_COMPONENTS
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "SimpChinese"
!include "English.nsh"
!include "SimpChinese.nsh"

VIProductVersion "${VERSION}.0"
!macro Describe LANGUAGE TEXT
  VIAddVersionKey /LANG=${LANGUAGE} "ProductName" "${NAME}"
  VIAddVersionKey /LANG=${LANGUAGE} "ProductVersion" "${VERSION}"
  VIAddVersionKey /LANG=${LANGUAGE} "FileVersion" "${VERSION}"
  VIAddVersionKey /LANG=${LANGUAGE} "FileDescription" "${TEXT}"
  VIAddVersionKey /LANG=${LANGUAGE} "CompanyName" "${PUBLISHER}"
  VIAddVersionKey /LANG=${LANGUAGE} "LegalCopyright" "AGPL-3.0-only"
!macroend
!insertmacro Describe ${LANG_ENGLISH} "Installs ${NAME}"
!insertmacro Describe ${LANG_SIMPCHINESE} "${NAME} 安装程序"

; A program that runs holds its file against writing.
!macro RefuseWhileRunning UN
Function ${UN}RefuseWhileRunning
  ${DoWhile} ${FileExists} "$INSTDIR\${PROGRAM}"
    ClearErrors
    FileOpen $0 "$INSTDIR\${PROGRAM}" a
    ${IfNot} ${Errors}
      FileClose $0
      ${ExitDo}
    ${EndIf}
    ${If} ${Cmd} `MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(IsRunning)" /SD IDCANCEL IDCANCEL`
      SetErrorLevel ${RUNNING}
      Quit
    ${EndIf}
  ${Loop}
FunctionEnd
!macroend
!insertmacro RefuseWhileRunning ""
!insertmacro RefuseWhileRunning "un."

!macro TellShell
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
!macroend

Section "-former version"
  Call RefuseWhileRunning
  ReadRegStr $1 SHCTX "${ENTRY}" "InstallLocation"
  ${If} $1 != ""
  ${AndIf} ${FileExists} "$1\${UNINSTALLER}"
    ; With _? it stays in its folder and is waited for; what the person made is not its business.
    ExecWait '"$1\${UNINSTALLER}" /S _?=$1' $0
    ${If} $0 == ${RUNNING}
      SetErrorLevel ${RUNNING}
      Quit
    ${EndIf}
    Delete "$1\${UNINSTALLER}"
    RMDir "$1"
  ${EndIf}
SectionEnd

Section "${NAME}" SecProgram
  SectionIn RO
  SetOutPath "$INSTDIR"
  File /r "${BUNDLE}/*"
  WriteUninstaller "$INSTDIR\${UNINSTALLER}"
  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\${PROGRAM}"
  WriteRegStr SHCTX "${ENTRY}" "DisplayName" "${NAME}"
  WriteRegStr SHCTX "${ENTRY}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${ENTRY}" "DisplayIcon" "$INSTDIR\${PROGRAM}"
  WriteRegStr SHCTX "${ENTRY}" "Publisher" "${PUBLISHER}"
  WriteRegStr SHCTX "${ENTRY}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${ENTRY}" "UninstallString" '"$INSTDIR\${UNINSTALLER}"'
  WriteRegStr SHCTX "${ENTRY}" "QuietUninstallString" '"$INSTDIR\${UNINSTALLER}" /S'
  WriteRegDWORD SHCTX "${ENTRY}" "EstimatedSize" ${SIZE_KIB}
  WriteRegDWORD SHCTX "${ENTRY}" "NoModify" 1
  WriteRegDWORD SHCTX "${ENTRY}" "NoRepair" 1
SectionEnd

!macro WriteKind ID WORDS
  WriteRegStr SHCTX "${CLASSES}\${ID}" "" "${WORDS}"
  WriteRegStr SHCTX "${CLASSES}\${ID}\DefaultIcon" "" "$INSTDIR\${PROGRAM},0"
  WriteRegStr SHCTX "${CLASSES}\${ID}\shell\open\command" "" '"$INSTDIR\${PROGRAM}" "%1"'
!macroend

!macro Offer SUFFIX
  WriteRegStr SHCTX "${CLASSES}\${SUFFIX}\OpenWithProgids" "${PICTURE}" ""
!macroend

!macro Withdraw SUFFIX
  DeleteRegValue SHCTX "${CLASSES}\${SUFFIX}\OpenWithProgids" "${PICTURE}"
  DeleteRegKey /ifempty SHCTX "${CLASSES}\${SUFFIX}\OpenWithProgids"
  DeleteRegKey /ifempty SHCTX "${CLASSES}\${SUFFIX}"
!macroend

Section "$(Files)" SecFiles
  !insertmacro WriteKind "${SESSION}" "$(SessionKind)"
  !insertmacro WriteKind "${PICTURE}" "$(PictureKind)"
  WriteRegStr SHCTX "${CLASSES}\.labsight" "" "${SESSION}"
  !insertmacro ForPictures Offer
  !insertmacro TellShell
SectionEnd

Section /o "$(Desktop)" SecDesktop
  CreateShortcut "$DESKTOP\${NAME}.lnk" "$INSTDIR\${PROGRAM}"
SectionEnd

Section "un.${NAME}" UnSecProgram
  SectionIn RO
  !insertmacro RemoveBundle
  Delete "$INSTDIR\${UNINSTALLER}"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\${NAME}.lnk"
  Delete "$DESKTOP\${NAME}.lnk"
  ReadRegStr $0 SHCTX "${CLASSES}\.labsight" ""
  ${If} $0 == "${SESSION}"
    DeleteRegKey SHCTX "${CLASSES}\.labsight"
  ${EndIf}
  DeleteRegKey SHCTX "${CLASSES}\${SESSION}"
  DeleteRegKey SHCTX "${CLASSES}\${PICTURE}"
  !insertmacro ForPictures Withdraw
  DeleteRegKey SHCTX "${ENTRY}"
  !insertmacro TellShell
SectionEnd

Section /o "un.settings" UnSecSettings
  RMDir /r "$LOCALAPPDATA\${NAME}"
SectionEnd

!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${SecProgram} "$(AboutProgram)"
  !insertmacro MUI_DESCRIPTION_TEXT ${SecFiles} "$(AboutFiles)"
  !insertmacro MUI_DESCRIPTION_TEXT ${SecDesktop} "$(AboutDesktop)"
!insertmacro MUI_FUNCTION_DESCRIPTION_END
!insertmacro MUI_UNFUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${UnSecProgram} "$(AboutUnProgram)"
  !insertmacro MUI_DESCRIPTION_TEXT ${UnSecSettings} "$(AboutUnSettings)"
!insertmacro MUI_UNFUNCTION_DESCRIPTION_END

Function .onInit
  SetShellVarContext current
  ${IfNot} ${RunningX64}
  ${OrIfNot} ${AtLeastWin10}
    MessageBox MB_OK|MB_ICONSTOP "$(TooOld)" /SD IDOK
    Abort
  ${EndIf}
  ; Who had a shortcut on the desktop keeps it.
  ${If} ${FileExists} "$DESKTOP\${NAME}.lnk"
    !insertmacro SelectSection ${SecDesktop}
  ${EndIf}
FunctionEnd

Function un.onInit
  SetShellVarContext current
  SectionSetText ${UnSecSettings} "$(Settings)"
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/REMOVESETTINGS" $1
  ${IfNot} ${Errors}
    !insertmacro SelectSection ${UnSecSettings}
  ${EndIf}
  Call un.RefuseWhileRunning
FunctionEnd
