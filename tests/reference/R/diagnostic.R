# Rscript diagnostic.R <inputs> <outputs>: accuracy, McNemar's tests, kappa; epiR, psych, stats, and formulas where neither has it.
library(epiR)
library(psych)
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", as.numeric(value)))
}
limits <- function(analysis, term, quantity, values) {
  for (i in seq_along(values)) {
    note(analysis, term, paste0(quantity, c("", "_low", "_high")[i]), values[i])
  }
}
z <- qnorm(0.975)
gbsg2 <- read("gbsg2")
tests <- list(nodes = gbsg2$pnodes >= 4, receptor = gbsg2$progrec <= 20, grade = gbsg2$tgrade == "III")
truth <- gbsg2$cens == 1

table_of <- function(test) as.table(matrix(c(sum(test & truth), sum(test & !truth), sum(!test & truth), sum(!test & !truth)),
                                           2, byrow = TRUE))
words <- c(sensitivity = "se", specificity = "sp", ppv = "pv.pos", npv = "pv.neg", accuracy = "diag.ac",
           prevalence = "tp", likelihood_ratio_positive = "lr.pos", likelihood_ratio_negative = "lr.neg",
           diagnostic_odds_ratio = "diag.or")
methods <- c(wilson = "wilson", clopper_pearson = "clopper-pearson", agresti_coull = "agresti", jeffreys = "jeffreys")
for (name in names(tests)) {
  counts <- table_of(tests[[name]])
  for (method in names(methods)) {
    detail <- epi.tests(counts, method = methods[[method]])$detail
    for (quantity in names(words)) {
      if (quantity %in% names(words)[7:9] && method != "wilson") next
      limits(method, name, quantity, as.numeric(detail[detail$statistic == words[[quantity]], c("est", "lower", "upper")]))
    }
  }
  tp <- counts[1, 1]; fp <- counts[1, 2]; fn <- counts[2, 1]; tn <- counts[2, 2]
  # The same shares by stats, Wald's by formula.
  for (share in list(list("sensitivity", tp, tp + fn), list("specificity", tn, tn + fp), list("ppv", tp, tp + fp))) {
    p <- share[[2]] / share[[3]]
    limits("stats_wilson", name, share[[1]], c(p, prop.test(share[[2]], share[[3]], correct = FALSE)$conf.int))
    limits("stats_clopper_pearson", name, share[[1]], c(p, binom.test(share[[2]], share[[3]])$conf.int))
    limits("wald", name, share[[1]], p + c(0, -1, 1) * z * sqrt(p * (1 - p) / share[[3]]))
  }
  # Youden's index as a difference of independent shares: prop.test's Wilson limits, combined (Newcombe 1998).
  se <- tp / (tp + fn); sp <- tn / (fp + tn)
  a <- prop.test(tp, tp + fn, correct = FALSE)$conf.int; b <- prop.test(tn, tn + fp, correct = FALSE)$conf.int
  limits("wilson", name, "youden", c(se + sp - 1, se + sp - 1 - sqrt((se - a[1])^2 + (sp - b[1])^2),
                                     se + sp - 1 + sqrt((a[2] - se)^2 + (b[2] - sp)^2)))
  # Predictive values at a prevalence, delta method for the logit by numerical derivatives.
  for (prevalence in c(0.02, 0.3)) {
    values <- list(ppv_at_prevalence = function(x) qlogis(x[1] * prevalence / (x[1] * prevalence + (1 - x[2]) * (1 - prevalence))),
                   npv_at_prevalence = function(x) qlogis(x[2] * (1 - prevalence) / (x[2] * (1 - prevalence) + (1 - x[1]) * prevalence)))
    for (quantity in names(values)) {
      f <- values[[quantity]]
      # Fourth-order central differences.
      slope <- sapply(1:2, function(i) {
        h <- 1e-3; e <- replace(c(0, 0), i, h)
        step <- function(h) (f(c(se, sp) + e * h) - f(c(se, sp) - e * h)) / (2e-3 * h)
        (64 * step(0.25) - 20 * step(0.5) + step(1)) / 45
      })
      error <- sqrt(slope[1]^2 * se * (1 - se) / (tp + fn) + slope[2]^2 * sp * (1 - sp) / (fp + tn))
      limits(sprintf("prevalence_%g", prevalence), name, quantity, plogis(f(c(se, sp)) + c(0, -1, 1) * z * error))
    }
  }
}

# Paired comparisons.
for (pair in combn(names(tests), 2, simplify = FALSE)) {
  term <- paste(pair, collapse = " against ")
  one <- tests[[pair[1]]]; two <- tests[[pair[2]]]
  for (side in c("sensitivity", "specificity")) {
    here <- if (side == "sensitivity") truth else !truth
    right <- data.frame(a = factor((one == truth)[here], c(TRUE, FALSE)), b = factor((two == truth)[here], c(TRUE, FALSE)))
    square <- table(right$a, right$b)
    n <- sum(square); only <- c(square[1, 2], square[2, 1])
    plain <- mcnemar.test(square, correct = FALSE); corrected <- mcnemar.test(square)
    note("paired", term, paste0(side, "_exact_p"), binom.test(only[1], sum(only))$p.value)
    note("paired", term, paste0(side, "_plain_statistic"), plain$statistic)
    note("paired", term, paste0(side, "_plain_p"), plain$p.value)
    note("paired", term, paste0(side, "_corrected_statistic"), corrected$statistic)
    note("paired", term, paste0(side, "_corrected_p"), corrected$p.value)
    # Tango's score limits: the nuisance probability of each difference maximises the multinomial likelihood.
    score <- function(delta) {
      loglik <- function(q) only[1] * log(q + delta) + only[2] * log(q) + (n - sum(only)) * log(1 - 2 * q - delta)
      slope <- function(q) only[1] / (q + delta) + only[2] / q - 2 * (n - sum(only)) / (1 - 2 * q - delta)
      tiny <- 1e-13
      q <- uniroot(slope, c(max(0, -delta) + tiny, (1 - delta) / 2 - tiny), tol = 1e-16, maxiter = 10000)$root
      (only[1] - only[2] - n * delta) / sqrt(n * (2 * q + delta - delta^2))
    }
    middle <- (only[1] - only[2]) / n
    low <- uniroot(function(d) score(d) - z, c(-0.9, middle), tol = 1e-15, maxiter = 10000)$root
    high <- uniroot(function(d) score(d) + z, c(middle, 0.9), tol = 1e-15, maxiter = 10000)$root
    limits("paired", term, paste0(side, "_difference"), c(middle, low, high))
    # Ratio of paired shares: delta method over the multinomial's covariance.
    positive <- table(factor(one[here], c(TRUE, FALSE)), factor(two[here], c(TRUE, FALSE)))
    p <- c(positive[1, 1], positive[1, 2], positive[2, 1], positive[2, 2]) / n
    gradient <- c(1, 1, 0, 0) / (p[1] + p[2]) - c(1, 0, 1, 0) / (p[1] + p[3])
    error <- sqrt(drop(gradient %*% (diag(p) - p %o% p) %*% gradient) / n)
    ratio <- (p[1] + p[2]) / (p[1] + p[3])
    limits("paired", term, if (side == "sensitivity") "sensitivity_ratio" else "false_positive_ratio",
           ratio * exp(c(0, -1, 1) * z * error))
  }
  agreement <- cohen.kappa(table(one, two))
  limits("paired", term, "kappa", c(agreement$kappa, agreement$kappa + c(-1, 1) * z * sqrt(agreement$var.kappa)))
}
write.csv(do.call(rbind, found), file.path(folders[2], "diagnostic.csv"), row.names = FALSE, quote = FALSE)
