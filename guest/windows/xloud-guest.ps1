<#
.SYNOPSIS
Installs and checks what Windows needs for changes of its CPUs and its memory. Not tested.

.PARAMETER Media
The drive of the virtio-win medium, such as D:. With it, its drivers and services are installed.

.EXAMPLE
.\xloud-guest.ps1 -Media D:
.\xloud-guest.ps1
#>
param([string]$Media)

$ErrorActionPreference = 'Stop'

if ($Media) {
    $Installer = Join-Path $Media 'virtio-win-guest-tools.exe'
    if (-not (Test-Path $Installer)) {
        Write-Error "$Installer is missing: attach the medium of virtio-win."
    }
    $Done = Start-Process $Installer '/install', '/quiet', '/norestart' -Wait -PassThru
    if ($Done.ExitCode -notin 0, 3010) {
        Write-Error "$Installer failed with $($Done.ExitCode)."
    }
    if ($Done.ExitCode -eq 3010) {
        Write-Output 'Restart Windows.'
    }
}

$Failed = $false
function Write-Result($Name, $State, $Detail) {
    Write-Output ('{0,-8} {1,-11} {2}' -f $State, $Name, $Detail)
    if ($State -eq 'fail') { $script:Failed = $true }
}

function Test-Device($Name, $Id, $Purpose) {
    $Device = Get-PnpDevice -PresentOnly | Where-Object InstanceId -Match $Id | Select-Object -First 1
    if (-not $Device) {
        Write-Result $Name 'absent' "This server has no device to $Purpose."
    } elseif ($Device.Status -ne 'OK') {
        Write-Result $Name 'fail' "The driver to $Purpose is not installed: run this with -Media."
    } else {
        Write-Result $Name 'ok' "The driver to $Purpose is installed."
    }
}

function Test-Service($Name, $Service) {
    $Installed = Get-Service $Service -ErrorAction SilentlyContinue
    if (-not $Installed) {
        Write-Result $Name 'warning' "The service $Service is not installed: run this with -Media."
    } elseif ($Installed.Status -ne 'Running') {
        Write-Result $Name 'warning' "The service $Service does not run: Start-Service $Service"
    } else {
        Write-Result $Name 'ok' "The service $Service runs."
    }
}

# The PCI devices of the balloon and of virtio-mem, the older and the newer numbers.
Test-Device 'balloon' 'VEN_1AF4&DEV_(1002|1045)' 'return memory'
Test-Device 'virtio-mem' 'VEN_1AF4&DEV_1058' 'add and remove memory'
# Without it, the host does not know how much memory is in use.
Test-Service 'statistics' 'BalloonService'
Test-Service 'agent' 'QEMU-GA'
Write-Result 'cpu-remove' 'absent' 'Windows releases no CPU while it runs: stop the server, adjust it, and start it.'

if ($Failed) { exit 1 }
