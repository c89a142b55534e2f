{{/* Name of everything that belongs to this release. */}}
{{- define "weir.name" -}}
{{- $name := .Release.Name -}}
{{- if not (contains "weir" $name) }}{{ $name = printf "%s-weir" $name }}{{ end -}}
{{- printf "%s-operator" ($name | trunc 50 | trimSuffix "-") -}}
{{- end }}

{{- define "weir.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "weir.name" .) -}}
{{- end }}

{{- define "weir.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end }}

{{/* What tells the pods of this release: it never changes, since Deployments don't let it. */}}
{{- define "weir.selector" -}}
app.kubernetes.io/name: weir-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "weir.labels" -}}
{{ include "weir.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Labels of the operator's pods. Of its own none is said otherwise: a Deployment would not find its pods, nor the NetworkPolicies of clusters. */}}
{{- define "weir.podLabels" -}}
{{- $own := include "weir.labels" . | fromYaml }}
{{- range $name := keys .Values.podLabels | sortAlpha }}
{{- if hasKey $own $name }}
{{- fail (printf "podLabels must not have %s: the chart sets this label itself; take another name" $name) }}
{{- end }}
{{- end }}
{{- with .Values.podLabels }}{{ toYaml . }}
{{ end }}
{{- include "weir.labels" . }}
{{- end }}

{{/* What the Pod Security level "restricted" asks of a container, and no more. */}}
{{- define "weir.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "weir.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* What the operator does in each namespace with clusters. */}}
{{- define "weir.rules" -}}
- apiGroups: [weir.dev]
  resources: [clusters]
  verbs: [list, watch]
# What belongs to a cluster gets a finalizer where it is to be deleted there, too.
- apiGroups: [weir.dev]
  resources: [topics, sharegroups]
  verbs: [list, watch, patch]
- apiGroups: [weir.dev]
  resources: [clusters/status, topics/status, sharegroups/status]
  verbs: [patch]
# To own an object is to keep its owner from being deleted before it.
- apiGroups: [weir.dev]
  resources: [clusters/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [services, configmaps, persistentvolumeclaims]
  verbs: [get, list, watch, create, patch, delete]
# These go with their Cluster, and never before.
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [get, list, watch, create, patch]
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch]
# Consumers are scaled, and nothing else of them is seen.
- apiGroups: [apps]
  resources: [deployments/scale, statefulsets/scale]
  verbs: [get, patch]
# Who else scales them is told, not fought.
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [list, watch]
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [list, watch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, delete]
- apiGroups: [""]
  resources: [pods/eviction]
  verbs: [create]
# By name alone: it sees no Secret that it doesn't know of.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end }}
